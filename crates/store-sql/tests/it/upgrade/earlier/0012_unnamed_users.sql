-- Whether users without a canonical name may exist. The index of names has no such users, so
-- without this row each start would read the whole table. Another program may add or change a user
-- while the names are filled, so the row counts these changes.

CREATE TABLE unnamed_users (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    changes INTEGER NOT NULL
) STRICT;

INSERT INTO unnamed_users (id, changes) SELECT 1, 0 FROM users WHERE canonical_name IS NULL LIMIT 1;

CREATE TRIGGER users_insert_unnamed AFTER INSERT ON users WHEN NEW.canonical_name IS NULL
BEGIN
    INSERT INTO unnamed_users (id, changes) VALUES (1, 0) ON CONFLICT (id) DO UPDATE SET changes = changes + 1;
END;

CREATE TRIGGER users_update_unnamed AFTER UPDATE OF username, canonical_name ON users WHEN NEW.canonical_name IS NULL
BEGIN
    INSERT INTO unnamed_users (id, changes) VALUES (1, 0) ON CONFLICT (id) DO UPDATE SET changes = changes + 1;
END;
