-- What was asked for in full, our own name of the request beside the client's, and what came of it. NULL in rows
-- of before.
ALTER TABLE audit_log
    -- The parts of the path, the query and the body, without secrets and without what says who a customer is:
    -- these rows can't be erased.
    ADD COLUMN details jsonb,
    ADD COLUMN server_request_id uuid;

-- A row is added when its action was answered; where there is none, nobody knows what came of it.
CREATE TABLE admin_action_outcomes (
    action_id   bigint      NOT NULL,
    -- The status of the answer.
    status      smallint    NOT NULL,
    -- Where what was made is, if something was.
    made        text,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT admin_action_outcomes_key PRIMARY KEY (action_id),
    CONSTRAINT admin_action_outcomes_action FOREIGN KEY (action_id) REFERENCES audit_log (id),
    CONSTRAINT admin_action_outcomes_status_range CHECK (status BETWEEN 100 AND 599)
);

CREATE TRIGGER admin_action_outcomes_stay
    BEFORE UPDATE OR DELETE OR TRUNCATE ON admin_action_outcomes
    FOR EACH STATEMENT EXECUTE FUNCTION admin_actions_stay();
