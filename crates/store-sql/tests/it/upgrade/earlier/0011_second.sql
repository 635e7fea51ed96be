-- The canonical form of user names: normalization form KC, then case folding. Two users never have
-- the same. SQL cannot fold, so the program computes the column for the rows of an earlier version.
-- NULL: not computed yet.

ALTER TABLE users ADD COLUMN canonical_name TEXT;

CREATE UNIQUE INDEX users_by_canonical_name ON users (canonical_name);

-- What a backup is of. A database has the row if it is a backup, or was restored from one and
-- `restore finish` did not run yet. A backup of an older version has the table already.

CREATE TABLE IF NOT EXISTS backup_manifest (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    made_at INTEGER,          -- seconds since 1970; none: a backup of an earlier release
    version INTEGER NOT NULL, -- of the tables
    heads   TEXT    NOT NULL  -- lane:place with single spaces between them
) STRICT;
