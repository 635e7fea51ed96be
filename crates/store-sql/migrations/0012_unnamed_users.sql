-- Whether users without a canonical name may exist. Without this row, each start would read the
-- whole table. Another program may add or change a user while the names are computed, so the row
-- counts these changes.

CREATE TABLE unnamed_users (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    changes INTEGER NOT NULL
) STRICT;

INSERT INTO unnamed_users (id, changes) SELECT 1, 0 FROM users LIMIT 1;

-- This program stores the name before the user.
CREATE TRIGGER users_insert_unnamed AFTER INSERT ON users
WHEN NOT EXISTS (SELECT 1 FROM user_names WHERE user_id = NEW.id)
BEGIN
    INSERT INTO unnamed_users (id, changes) VALUES (1, 0) ON CONFLICT (id) DO UPDATE SET changes = changes + 1;
END;

-- This program removes the name before it changes the user.
CREATE TRIGGER users_update_unnamed AFTER UPDATE OF username ON users
WHEN NEW.username <> OLD.username AND EXISTS (SELECT 1 FROM user_names WHERE user_id = NEW.id)
BEGIN
    DELETE FROM user_names WHERE user_id = NEW.id;
    INSERT INTO unnamed_users (id, changes) VALUES (1, 0) ON CONFLICT (id) DO UPDATE SET changes = changes + 1;
END;
