-- Version 14 of an earlier build had one mark less.

CREATE TRIGGER unnamed_users_delete AFTER DELETE ON unnamed_users
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;
