-- For replicas that follow the counts of all pools: which pools had movements since a time, at no cost to the
-- pools' own rows. Entries come in the order of time, and those of a batch have one: the index grows at its end.
CREATE INDEX ledger_entered ON ledger (entered_at);
