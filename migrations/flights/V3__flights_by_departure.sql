-- For reading the flights that are still to depart, by the page.
CREATE INDEX flights_by_departure ON flights (departs_at, id);
