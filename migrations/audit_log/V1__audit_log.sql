-- The audit log: actions of admins, and of staff and services on the routes that are theirs. Each row is
-- committed before its action starts. Append-only.

CREATE TABLE audit_log (
    id                bigint      GENERATED ALWAYS AS IDENTITY,
    -- From the token; NULL in a service that is open to every caller.
    actor             text,
    role              text        NOT NULL,
    action            text        NOT NULL,
    -- The request's path.
    target            text        NOT NULL,
    -- Path parameters, query and body, without secrets and without customers' personal data: these rows can't
    -- be erased.
    details           jsonb       NOT NULL,
    -- The id that the client sent, and the server's own.
    request_id        text        NOT NULL,
    server_request_id uuid        NOT NULL,
    asked_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT audit_log_pkey PRIMARY KEY (id),
    CONSTRAINT audit_log_role_known CHECK (role IN ('agent', 'service', 'admin')),
    CONSTRAINT audit_log_named CHECK (action <> '' AND target <> '')
);

-- Written when the action was answered. An entry without a row here has an unknown outcome.
CREATE TABLE audit_log_outcomes (
    entry_id    bigint      NOT NULL,
    -- HTTP status of the answer.
    status      smallint    NOT NULL,
    -- Of the resource that was created, if any.
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

-- Where the database's set-up made an owner role for the audit log (docker/postgres/audit-log.psql), that
-- role takes the tables over: the service's role writes rows and can't drop the triggers that protect them.
DO $$
BEGIN
    IF to_regprocedure('hand_over_audit_log(name)') IS NOT NULL THEN
        PERFORM hand_over_audit_log(session_user);
    END IF;
END $$;
