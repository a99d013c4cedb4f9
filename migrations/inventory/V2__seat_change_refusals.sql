-- Why the last seat change of a hold was refused: its first verdict, for a repeated request. NULL where it was
-- made.
ALTER TABLE holds ADD COLUMN seat_change_refusal text;
