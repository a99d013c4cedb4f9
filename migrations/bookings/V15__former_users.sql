-- Users who are gone: a token that one of them still has gives nothing any more. Kept for longer than any token
-- holds.
CREATE TABLE former_users (
    user_id  uuid        NOT NULL,
    ended_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT former_users_key PRIMARY KEY (user_id)
);
