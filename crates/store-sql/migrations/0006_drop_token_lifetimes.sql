-- Every token states when it was issued (`iat`), so no record of lifetimes is needed. SQLite drops
-- the triggers of a table with it.

DROP TABLE token_lifetimes;
