-- How users log in. Both tables go with the user.

CREATE TABLE passwords (
    user_id    uuid        NOT NULL,
    -- In the PHC form, with its salt and parameters.
    hash       text        NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT passwords_key PRIMARY KEY (user_id),
    CONSTRAINT passwords_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT passwords_hashed CHECK (hash LIKE '$argon2id$%')
);

CREATE TABLE sessions (
    -- SHA-256 of what the browser has: whoever reads this table can't log in with it.
    token_digest bytea       NOT NULL,
    user_id      uuid        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    CONSTRAINT sessions_key PRIMARY KEY (token_digest),
    CONSTRAINT sessions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT sessions_digest_length CHECK (octet_length(token_digest) = 32),
    CONSTRAINT sessions_end_after_beginning CHECK (expires_at > created_at)
);

CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_end ON sessions (expires_at);
