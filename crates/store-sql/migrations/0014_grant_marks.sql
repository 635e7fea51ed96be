-- Each change of a grant has a mark: see version 5. The cleanup deletes rows that are refused
-- already, so that has none. Every other deletion of a row changes a marked table, too.

CREATE TRIGGER sealed_secrets_delete AFTER DELETE ON sealed_secrets
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER sealed_secrets_insert AFTER INSERT ON sealed_secrets
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER sealed_secrets_update AFTER UPDATE ON sealed_secrets
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER sessions_delete AFTER DELETE ON sessions
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER sessions_insert AFTER INSERT ON sessions
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER sessions_update AFTER UPDATE ON sessions
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER consents_insert AFTER INSERT ON consents
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER consents_update AFTER UPDATE ON consents
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER codes_insert AFTER INSERT ON codes
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER codes_update AFTER UPDATE ON codes
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER families_insert AFTER INSERT ON families
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER families_update AFTER UPDATE ON families
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

-- A copy from the time before all names of users were stored is not used after that.
CREATE TRIGGER unnamed_users_delete AFTER DELETE ON unnamed_users
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;
