-- What addresses of e-mail are compared by, as the service writes it: the database's locale has no say. Addresses
-- of plain letters have theirs at once; others are found as before until they are written again.
ALTER TABLE users ADD COLUMN email_key text;
UPDATE users SET email_key = lower(email COLLATE "C") WHERE email COLLATE "C" ~ '^[!#-~]+$';
CREATE UNIQUE INDEX users_email_key_taken ON users (email_key);

-- Where an event is, and the IANA zone that its clocks show.
ALTER TABLE events ADD COLUMN time_zone text;
ALTER TABLE events ADD COLUMN venue text;
