-- What admins did, and staff and services where a call is theirs too. Each row is committed before its
-- action is begun. Rows are added and read, never changed or removed.

CREATE TABLE audit_log (
    id                bigint      GENERATED ALWAYS AS IDENTITY,
    -- The name in the token; NULL in a service that is open to every caller.
    actor             text,
    role              text        NOT NULL,
    action            text        NOT NULL,
    -- The path that was called.
    target            text        NOT NULL,
    -- The parts of the path, the query and the body, without secrets and without what says who a customer is:
    -- these rows can't be erased.
    details           jsonb       NOT NULL,
    -- The client's name of the request, and our own.
    request_id        text        NOT NULL,
    server_request_id uuid        NOT NULL,
    asked_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT audit_log_pkey PRIMARY KEY (id),
    CONSTRAINT audit_log_role_known CHECK (role IN ('agent', 'service', 'admin')),
    CONSTRAINT audit_log_named CHECK (action <> '' AND target <> '')
);

-- A row is added when its action was answered; where there is none, nobody knows what came of it.
CREATE TABLE audit_log_outcomes (
    entry_id    bigint      NOT NULL,
    -- The status of the answer.
    status      smallint    NOT NULL,
    -- Where what was made is, if something was.
    location    text,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT audit_log_outcomes_pkey PRIMARY KEY (entry_id),
    CONSTRAINT audit_log_outcomes_entry FOREIGN KEY (entry_id) REFERENCES audit_log (id),
    CONSTRAINT audit_log_outcomes_status_range CHECK (status BETWEEN 100 AND 599)
);

CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_log_append_only';
END $$;

CREATE TRIGGER audit_log_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();

CREATE TRIGGER audit_log_outcomes_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log_outcomes
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();

-- Where whoever set up the database has a role for the audit log (docker/postgres/audit-log.psql), it is that role's
-- from here on: who writes the log can't drop what keeps its rows.
DO $$
BEGIN
    IF to_regprocedure('hand_over_audit_log(name)') IS NOT NULL THEN
        PERFORM hand_over_audit_log(session_user);
    END IF;
END $$;
