-- Kept in their order and never changed: who checks tokens reads what is new by its place. Places are not given again, also where
-- the last ones were forgotten.

CREATE TABLE revocations (
    place        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind         TEXT    NOT NULL CHECK (kind IN ('client', 'token', 'user')),
    id           TEXT    NOT NULL,
    username     TEXT,                     -- of a user alone: some tokens name users so
    issued_until INTEGER NOT NULL,         -- seconds since 1970: tokens that were issued until then
    forget_at    INTEGER NOT NULL,         -- seconds since 1970: none of them lives any more
    CHECK ((kind = 'user') = (username IS NOT NULL))
) STRICT;

CREATE INDEX revocations_by_end ON revocations (forget_at);
