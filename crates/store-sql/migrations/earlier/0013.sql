-- Version 13 of an earlier build had the place in a column.

CREATE TABLE user_grants (
    user_id     TEXT    NOT NULL PRIMARY KEY,
    grants_from INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER users_delete_grants AFTER DELETE ON users
BEGIN DELETE FROM user_grants WHERE user_id = OLD.id; END;

INSERT INTO user_grants (user_id, grants_from) SELECT id, grants_from FROM users WHERE grants_from <> 0;

ALTER TABLE users DROP COLUMN grants_from;
