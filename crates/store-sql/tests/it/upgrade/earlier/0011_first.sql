-- The canonical form of user names: normalization form KC, then case folding. Two users never have
-- the same. SQL cannot fold, so the program computes the column for the rows of an earlier version.
-- NULL: not computed yet.

ALTER TABLE users ADD COLUMN canonical_name TEXT;

CREATE UNIQUE INDEX users_by_canonical_name ON users (canonical_name);
