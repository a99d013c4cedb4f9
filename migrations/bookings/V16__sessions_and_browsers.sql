-- With which browser a session was begun, as it said itself: so that its user can tell their sessions apart.
ALTER TABLE sessions ADD COLUMN user_agent text;

-- Browsers that logged in to an account before: others' failures don't count for them.
CREATE TABLE known_browsers (
    user_id      uuid        NOT NULL,
    -- SHA-256 of what the browser has.
    token_digest bytea       NOT NULL,
    seen_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT known_browsers_key PRIMARY KEY (user_id, token_digest),
    CONSTRAINT known_browsers_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT known_browsers_digest_length CHECK (octet_length(token_digest) = 32)
);

CREATE INDEX known_browsers_by_time ON known_browsers (seen_at);
