-- The ring of keys that sign tokens. Times are seconds since 1970; what a key is made of is sealed with a key that is not in here.

CREATE TABLE signing_keys (
    epoch          INTEGER NOT NULL PRIMARY KEY CHECK (epoch > 0),
    id             TEXT    NOT NULL UNIQUE,
    algorithm      TEXT    NOT NULL,
    published_at   INTEGER NOT NULL,
    used_from      INTEGER NOT NULL,
    token_lifetime INTEGER NOT NULL CHECK (token_lifetime >= 0),
    is_unnamed     INTEGER NOT NULL CHECK (is_unnamed IN (0, 1)),
    sealed         BLOB    NOT NULL
) STRICT;
