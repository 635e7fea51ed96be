-- How long tokens live that do not say when they were issued, for each lifetime that was ever set, and when the last of them expires
-- (seconds since 1970). Who takes them back reckons with the longest that may be about.

CREATE TABLE token_lifetimes (
    lifetime     INTEGER NOT NULL PRIMARY KEY CHECK (lifetime >= 0),
    living_until INTEGER NOT NULL
) STRICT;
