-- Orders of customers that may hold something without having paid, as far as there is a limit of them: claimed
-- before anything is held, under a lock of the user and of the address, so that of many requests at once, on
-- whatever replicas, no more get through than may. Whether one still counts, its booking's row says; rows that
-- don't are removed with later claims.
CREATE TABLE unpaid_orders (
    -- The name that the booking or purchase will have.
    hold_id    uuid        NOT NULL,
    user_ref   text        NOT NULL,
    -- A digest of the network that it came from; NULL where it is never to be paid, and counts for the user alone.
    network    bytea,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT unpaid_orders_key PRIMARY KEY (hold_id),
    CONSTRAINT unpaid_orders_network_digest CHECK (octet_length(network) = 16)
);

CREATE INDEX unpaid_orders_by_user ON unpaid_orders (user_ref);
CREATE INDEX unpaid_orders_by_network ON unpaid_orders (network) WHERE network IS NOT NULL;
-- For those that are removed.
CREATE INDEX unpaid_orders_by_age ON unpaid_orders (claimed_at) WHERE network IS NOT NULL;
