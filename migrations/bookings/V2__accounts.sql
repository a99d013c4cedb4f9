-- Users, and how they log in.

CREATE TABLE users (
    id               uuid        PRIMARY KEY,
    name             text        NOT NULL,
    -- As its owner writes it, and what addresses are compared by, as the service writes it: the database's locale has
    -- no say.
    email            text        NOT NULL,
    normalized_email text        NOT NULL,
    -- What they may do once they have logged in. An admin says so; whoever signs up is a customer.
    role             text        NOT NULL DEFAULT 'customer',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_named CHECK (name <> ''),
    CONSTRAINT users_email_given CHECK (email <> ''),
    -- An address belongs to one user, however it is written.
    CONSTRAINT users_email_taken UNIQUE (normalized_email),
    CONSTRAINT users_role_known CHECK (role IN ('customer', 'agent', 'admin'))
);

-- Users who were deleted: a token that one of them still has gives nothing any more. Kept for longer than any token
-- holds.
CREATE TABLE deleted_users (
    user_id    uuid        NOT NULL,
    deleted_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT deleted_users_pkey PRIMARY KEY (user_id)
);

-- The tables that follow go with the user.

CREATE TABLE passwords (
    user_id    uuid        NOT NULL,
    -- In the PHC form, with its salt and parameters.
    hash       text        NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT passwords_pkey PRIMARY KEY (user_id),
    CONSTRAINT passwords_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT passwords_hashed CHECK (hash LIKE '$argon2id$%')
);

CREATE TABLE sessions (
    -- SHA-256 of what the browser has: whoever reads this table can't log in with it.
    token_digest bytea       NOT NULL,
    user_id      uuid        NOT NULL,
    -- Of the browser, as it said itself: so that its user can tell their sessions apart.
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

-- Browsers that logged in to an account before: others' failures don't count for them.
CREATE TABLE known_browsers (
    user_id      uuid        NOT NULL,
    -- SHA-256 of what the browser has.
    token_digest bytea       NOT NULL,
    seen_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT known_browsers_pkey PRIMARY KEY (user_id, token_digest),
    CONSTRAINT known_browsers_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT known_browsers_digest_length CHECK (octet_length(token_digest) = 32)
);

CREATE INDEX known_browsers_by_age ON known_browsers (seen_at);
