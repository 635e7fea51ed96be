PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO _sqlx_migrations VALUES(1,'initial','2026-11-29 16:20:54',1,X'9c3d9c3ab4f1b63c1ea37fe011e42a27abee3f070a108359fada2a2a52078026a9716166627f3699a8fe0f38b643ec30',409800);
INSERT INTO _sqlx_migrations VALUES(2,'revocations','2026-11-29 16:20:54',1,X'75342c0c12d3c17086864e7b1051536eb75a4b807e29d6d1f0b432a167a9f095277af0f18398ccecf74433c5fba0ab5c',333446);
INSERT INTO _sqlx_migrations VALUES(3,'signing keys','2026-11-29 16:20:54',1,X'cdeeea9c0c27b62758de8156fdb5bb5b379c549ff1da438ef804e145994d99a453909561cebbf8c23841d738bf3e715f',198545);
INSERT INTO _sqlx_migrations VALUES(4,'token lifetimes','2026-11-29 16:20:54',1,X'ce016185780c3f9a276f2219601473e454cf4a4b7f2d251f98b77b2e257d827df0bd36c6bdcc7cdacf3acc68f5646c28',162773);
INSERT INTO _sqlx_migrations VALUES(5,'changes','2026-11-29 16:20:54',1,X'b6a7743bac06992e3964ca1cfd90759d787bbb9b2f68293489d975225d3013d4769df2b59badae36432000685e4a3d1c',601585);
INSERT INTO _sqlx_migrations VALUES(6,'drop token lifetimes','2026-11-29 16:20:54',1,X'7556d3d10ce1439a108ac5a893d0571cc0176ffc026ed73bddf12d81e70874416ce003f115c5360105a6cbc7cdc096f6',217273);
INSERT INTO _sqlx_migrations VALUES(7,'news','2026-11-29 16:20:54',1,X'f056b4964081520d7ae02a5c4337587373d9141aad5d1ed85476400e17b1ff38e0cd15461e1572b67fa9fdb51f8fe991',453085);
INSERT INTO _sqlx_migrations VALUES(8,'news marks','2026-11-29 16:20:54',1,X'19fc7aa611908de52c34f0dbc85c3833a23c3082b1161b31aca6fbd6ada3483f92d494c8be384de88c7606c2f9400113',166177);
CREATE TABLE users (
    id              TEXT NOT NULL PRIMARY KEY,
    username        TEXT NOT NULL UNIQUE,
    email           TEXT,
    full_name       TEXT,
    status          TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
    scope           TEXT NOT NULL,           -- scope tokens with single spaces between them, in their order
    password_hash   TEXT,
    password_scheme TEXT,                    -- the text of the hash up to its salt, where it has such a text
    CHECK (substr(password_hash, 1, length(password_scheme)) = password_scheme),
    CHECK (password_scheme IS NULL OR password_hash IS NOT NULL)
) STRICT;
INSERT INTO users VALUES('0a1b2c3d','ada',NULL,NULL,'active','me','$2b$12$ada','$2b$12$');
INSERT INTO users VALUES('5e6f7a8b','Straße',NULL,NULL,'active','me',NULL,NULL);
INSERT INTO users VALUES('c0ffee00','john doe',NULL,NULL,'active','me',NULL,NULL);
CREATE TABLE clients (
    id             TEXT    NOT NULL PRIMARY KEY,
    name           TEXT    NOT NULL,
    secret_sha256  BLOB    CHECK (length(secret_sha256) = 32),         -- none: a public client
    redirect_uris  TEXT    NOT NULL,                                   -- with single spaces between them
    grant_types    TEXT    NOT NULL,                                   -- with single spaces between them
    scope          TEXT    NOT NULL,
    may_introspect INTEGER NOT NULL CHECK (may_introspect IN (0, 1))
) STRICT;
INSERT INTO clients VALUES('app','The app',X'5745a4682aca500439f915cad8f6289be6d3b95a07358322f82cc340a3875e73','','client_credentials','me',0);
CREATE TABLE revocations (
    place        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind         TEXT    NOT NULL CHECK (kind IN ('client', 'token', 'user')),
    id           TEXT    NOT NULL,
    username     TEXT,                     -- of a user alone: some tokens name users so
    issued_until INTEGER NOT NULL,         -- seconds since 1970: tokens that were issued until then
    forget_at    INTEGER NOT NULL,         -- seconds since 1970: none of them lives any more
    CHECK ((kind = 'user') = (username IS NOT NULL))
) STRICT;
CREATE TABLE signing_keys (
    epoch          INTEGER NOT NULL PRIMARY KEY CHECK (epoch > 0),
    id             TEXT    NOT NULL UNIQUE,
    algorithm      TEXT    NOT NULL,
    published_at   INTEGER NOT NULL,
    used_from      INTEGER NOT NULL,
    token_lifetime INTEGER NOT NULL CHECK (token_lifetime >= 0),
    is_unnamed     INTEGER NOT NULL CHECK (is_unnamed IN (0, 1)),
    sealed         BLOB    NOT NULL
) STRICT;
INSERT INTO signing_keys VALUES(1,'9e76ca08488e28e013d42c327c0ca02b','ES256',1700000000,1700000000,600,0,X'01db474f05277f9b8e52aa4d861e20db2a23568204ad376912f1dc86dd27236cdafd6680b6f0c2f9f7c0d8744a86f40394f00a64b989df1b701537b397fccac661067ea8d8f8c64d0825d010af0e5b8584b588adb00858515335a05e39f74e3c26604598eb22aa162dfd1456fed5de1b5206ff0ef1466fa1f6b3f1e3da17e8fccfc34db023c9aa1a955726026f7a0ec65daa6bf1c450314a270c2834b0540f127eb11d7849ebe7e9a760ced367e17cd1f152ba51c45c55');
CREATE TABLE changes (
    number INTEGER NOT NULL PRIMARY KEY,
    mark   BLOB    NOT NULL CHECK (length(mark) = 16)
) STRICT;
INSERT INTO changes VALUES(9,X'd9bc2f4286a38c392124e7fee25e3961');
CREATE TABLE news_head (
    lane  INTEGER NOT NULL PRIMARY KEY CHECK (lane BETWEEN 0 AND 15),
    place INTEGER NOT NULL CHECK (place >= 0),                    -- the last place; 0 for none
    first INTEGER NOT NULL CHECK (first BETWEEN 1 AND place + 1)  -- the first kept place
) STRICT;
INSERT INTO news_head VALUES(0,0,1);
INSERT INTO news_head VALUES(1,0,1);
INSERT INTO news_head VALUES(2,0,1);
INSERT INTO news_head VALUES(3,0,1);
INSERT INTO news_head VALUES(4,0,1);
INSERT INTO news_head VALUES(5,0,1);
INSERT INTO news_head VALUES(6,0,1);
INSERT INTO news_head VALUES(7,0,1);
INSERT INTO news_head VALUES(8,0,1);
INSERT INTO news_head VALUES(9,0,1);
INSERT INTO news_head VALUES(10,0,1);
INSERT INTO news_head VALUES(11,0,1);
INSERT INTO news_head VALUES(12,1,1);
INSERT INTO news_head VALUES(13,0,1);
INSERT INTO news_head VALUES(14,0,1);
INSERT INTO news_head VALUES(15,0,1);
CREATE TABLE news (
    lane         INTEGER NOT NULL CHECK (lane BETWEEN 0 AND 15),
    place        INTEGER NOT NULL CHECK (place > 0),
    -- 1 user, 2 client, 3 token, 4 family, 5 consent, 6 user changed, 7 client changed, 8 keys,
    -- 9 policy
    kind         INTEGER NOT NULL CHECK (kind > 0),
    subject      TEXT    NOT NULL,  -- the id of the user, client or token
    second       TEXT,              -- the name of a revoked user; the client of a consent
    issued_until INTEGER,           -- seconds since 1970: older tokens are refused
    version      INTEGER,           -- of a user or client that changed
    ends_at      INTEGER NOT NULL,  -- seconds since 1970: the covered tokens have expired
    PRIMARY KEY (lane, place),
    CHECK (kind > 5 OR issued_until IS NOT NULL)
) STRICT, WITHOUT ROWID;
INSERT INTO news VALUES(12,1,2,'app',NULL,1795969254,NULL,1827591954);
DELETE FROM sqlite_sequence;
CREATE INDEX users_by_password_scheme ON users (password_scheme) WHERE password_scheme IS NOT NULL;
CREATE INDEX revocations_by_end ON revocations (forget_at);
CREATE TRIGGER changes_forget AFTER INSERT ON changes
BEGIN DELETE FROM changes WHERE number <= NEW.number - 1000; END;
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
CREATE TRIGGER users_delete AFTER DELETE ON users
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;
CREATE TRIGGER users_insert AFTER INSERT ON users
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;
CREATE TRIGGER users_update AFTER UPDATE ON users
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;
CREATE TRIGGER news_head_update AFTER UPDATE ON news_head
BEGIN INSERT INTO changes (mark) VALUES (randomblob(16)); END;
COMMIT;
