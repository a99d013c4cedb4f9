-- Users, their passwords and their sessions.

CREATE TABLE users (
    id               uuid        PRIMARY KEY,
    name             text        NOT NULL,
    -- The address as its owner writes it, and the form that addresses are compared by. The service normalizes
    -- it, so that the database's locale has no say.
    email            text        NOT NULL,
    normalized_email text        NOT NULL,
    -- Granted by an admin; a sign-up makes a customer.
    role             text        NOT NULL DEFAULT 'customer',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_named CHECK (name <> ''),
    CONSTRAINT users_email_given CHECK (email <> ''),
    -- One user per address, in whatever case it is written.
    CONSTRAINT users_email_taken UNIQUE (normalized_email),
    CONSTRAINT users_role_known CHECK (role IN ('customer', 'agent', 'admin'))
);

-- Revokes the tokens of deleted users. A row is kept for longer than any token is valid.
CREATE TABLE deleted_users (
    user_id    uuid        NOT NULL,
    deleted_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT deleted_users_pkey PRIMARY KEY (user_id)
);

-- Rows of the tables below are deleted with their user.

CREATE TABLE passwords (
    user_id    uuid        NOT NULL,
    -- PHC string with salt and parameters.
    hash       text        NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT passwords_pkey PRIMARY KEY (user_id),
    CONSTRAINT passwords_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT passwords_hashed CHECK (hash LIKE '$argon2id$%')
);

CREATE TABLE sessions (
    -- SHA-256 of the browser's token: reading this table is not enough to log in.
    token_digest bytea       NOT NULL,
    user_id      uuid        NOT NULL,
    -- As the browser sent it, so that users can tell their sessions apart.
    user_agent   text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (token_digest),
    CONSTRAINT sessions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT sessions_digest_length CHECK (octet_length(token_digest) = 32),
    CONSTRAINT sessions_expire_after_creation CHECK (expires_at > created_at)
);

CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Browsers that logged in to the account before: failed logins from elsewhere don't throttle them.
CREATE TABLE known_browsers (
    user_id      uuid        NOT NULL,
    -- SHA-256 of the browser's token.
    token_digest bytea       NOT NULL,
    seen_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT known_browsers_pkey PRIMARY KEY (user_id, token_digest),
    CONSTRAINT known_browsers_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT known_browsers_digest_length CHECK (octet_length(token_digest) = 32)
);

CREATE INDEX known_browsers_by_age ON known_browsers (seen_at);
