-- Where whoever set up the database has a role for the audit log (docker/postgres/audit-log.psql), it is that role's
-- from here on: who writes the log can't drop what keeps its rows.
DO $$
BEGIN
    IF to_regprocedure('hand_over_audit_log(name)') IS NOT NULL THEN
        PERFORM hand_over_audit_log(session_user);
    END IF;
END $$;
