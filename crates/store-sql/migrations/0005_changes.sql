-- The last changes of the database, each with a random mark. A process that knows a mark finds out
-- whether another file contains the change. A file without it is an older copy or another database.

CREATE TABLE changes (
    number INTEGER NOT NULL PRIMARY KEY,
    mark   BLOB    NOT NULL CHECK (length(mark) = 16)
) STRICT;

CREATE TRIGGER changes_forget AFTER INSERT ON changes
BEGIN DELETE FROM changes WHERE number <= NEW.number - 1000; END;

INSERT INTO changes (mark) VALUES (randomblob(16));

CREATE TRIGGER clients_delete AFTER DELETE ON clients
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER clients_insert AFTER INSERT ON clients
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER clients_update AFTER UPDATE ON clients
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER revocations_delete AFTER DELETE ON revocations
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER revocations_insert AFTER INSERT ON revocations
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER revocations_update AFTER UPDATE ON revocations
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER signing_keys_delete AFTER DELETE ON signing_keys
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER signing_keys_insert AFTER INSERT ON signing_keys
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER signing_keys_update AFTER UPDATE ON signing_keys
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER token_lifetimes_delete AFTER DELETE ON token_lifetimes
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER token_lifetimes_insert AFTER INSERT ON token_lifetimes
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER token_lifetimes_update AFTER UPDATE ON token_lifetimes
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER users_delete AFTER DELETE ON users
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER users_insert AFTER INSERT ON users
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;

CREATE TRIGGER users_update AFTER UPDATE ON users
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;
