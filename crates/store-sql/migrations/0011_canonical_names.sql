-- The canonical form of user names: normalization form KC, then case folding. Two users never have
-- the same. SQL cannot fold, so the program computes the rows for the users of an earlier version.
--
-- They are in a table of their own: to add a column or an index, SQLite reads all users in one
-- transaction, and other programs wait.

CREATE TABLE user_names (
    user_id        TEXT NOT NULL PRIMARY KEY,
    canonical_name TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

-- A program of version 8 removes users, too.
CREATE TRIGGER users_delete_name AFTER DELETE ON users
BEGIN DELETE FROM user_names WHERE user_id = OLD.id; END;

-- What a backup is of. A database has the row if it is a backup, or was restored from one and
-- `restore finish` did not run yet. A backup of an older version has the table already.

CREATE TABLE IF NOT EXISTS backup_manifest (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    made_at INTEGER,          -- seconds since 1970; none: a backup of an earlier release
    version INTEGER NOT NULL, -- of the tables
    heads   TEXT    NOT NULL  -- lane:place with single spaces between them
) STRICT;
