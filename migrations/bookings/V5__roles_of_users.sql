-- What users may do once they have logged in. An admin says so; whoever signs up is a customer.
ALTER TABLE users
    ADD COLUMN role text NOT NULL DEFAULT 'customer',
    ADD CONSTRAINT users_role_known CHECK (role IN ('customer', 'agent', 'admin'));

-- A sign-up's digest was of its whole body, from which the password could be guessed more quickly than from
-- its hash. Those that are kept go, and their keys with them.
UPDATE users SET idempotency_key = NULL, request_digest = NULL
WHERE idempotency_key IS NOT NULL AND id IN (SELECT user_id FROM passwords);
