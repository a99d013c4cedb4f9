-- One use of a voucher is one booking, of so many tickets at most.
ALTER TABLE vouchers
    ADD COLUMN max_tickets_per_use integer NOT NULL DEFAULT 10,
    ADD CONSTRAINT vouchers_tickets_per_use_positive CHECK (max_tickets_per_use > 0);
