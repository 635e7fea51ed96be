-- Version 12 of an earlier build had triggers for a column, which version 11 dropped.

DELETE FROM unnamed_users;

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
