-- Names and ids are compared and ordered by their bytes: the BINARY collation, which is the default.

CREATE TABLE users (
    id              TEXT NOT NULL PRIMARY KEY,
    username        TEXT NOT NULL UNIQUE,
    email           TEXT,
    full_name       TEXT,
    status          TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
    scope           TEXT NOT NULL,           -- scope tokens with single spaces between them, in their order
    password_hash   TEXT,
    password_scheme TEXT,                    -- the text of the hash up to its salt, where it has such a text
    CHECK (substr(password_hash, 1, length(password_scheme)) = password_scheme),
    CHECK (password_scheme IS NULL OR password_hash IS NOT NULL)
) STRICT;

-- The distinct schemes are asked for at failed logins, and must not cost a look at every user.
CREATE INDEX users_by_password_scheme ON users (password_scheme) WHERE password_scheme IS NOT NULL;

CREATE TABLE clients (
    id             TEXT    NOT NULL PRIMARY KEY,
    name           TEXT    NOT NULL,
    secret_sha256  BLOB    CHECK (length(secret_sha256) = 32),         -- none: a public client
    redirect_uris  TEXT    NOT NULL,                                   -- with single spaces between them
    grant_types    TEXT    NOT NULL,                                   -- with single spaces between them
    scope          TEXT    NOT NULL,
    may_introspect INTEGER NOT NULL CHECK (may_introspect IN (0, 1))
) STRICT;
