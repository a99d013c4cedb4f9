-- What admins did, and staff and services where a call is theirs too. Each row is committed before its
-- action is begun. Rows are added and read, never changed or removed.

CREATE TABLE audit_log (
    id         bigint      GENERATED ALWAYS AS IDENTITY,
    -- The name in the token; NULL in a service that is open to every caller.
    actor      text,
    role       text        NOT NULL,
    action     text        NOT NULL,
    -- The path that was called.
    target     text        NOT NULL,
    request_id text        NOT NULL,
    asked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT admin_actions_key PRIMARY KEY (id),
    CONSTRAINT admin_actions_role_known CHECK (role IN ('agent', 'service', 'admin')),
    CONSTRAINT admin_actions_named CHECK (action <> '' AND target <> '')
);

CREATE FUNCTION admin_actions_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what admins did is not changed afterwards'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'admin_actions_stay';
END $$;

CREATE TRIGGER admin_actions_stay
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION admin_actions_stay();
