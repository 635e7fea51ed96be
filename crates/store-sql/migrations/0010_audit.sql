-- The log of security events. An entry never changes, and it is kept until its day has ended its
-- retention. The key is the time, so no sequence is needed.

CREATE TABLE audit (
    day        INTEGER NOT NULL,                           -- days since 1970
    id         BLOB    NOT NULL CHECK (length(id) = 16),   -- microseconds since 1970, then 8 random bytes
    event      INTEGER NOT NULL CHECK (event > 0),
    is_refused INTEGER NOT NULL CHECK (is_refused IN (0, 1)),
    user_id    TEXT,
    client_id  TEXT,
    request_id TEXT,
    address    TEXT,     -- an IPv4 address, or an IPv6 network of 64 bits
    count      INTEGER NOT NULL CHECK (count >= 0),        -- equal events within a minute
    detail     TEXT,     -- kind:value
    PRIMARY KEY (day, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_user ON audit (user_id, day, id) WHERE user_id IS NOT NULL;

CREATE INDEX audit_client ON audit (client_id, day, id) WHERE client_id IS NOT NULL;

-- A rare event is found without a scan of the log.
CREATE INDEX audit_event ON audit (event, day, id);

-- Which entries may be deleted. The retention of the running server moves both limits.
CREATE TABLE audit_kept (
    id          INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    first_day   INTEGER NOT NULL,                          -- entries of earlier days may be deleted
    max_entries INTEGER NOT NULL CHECK (max_entries >= 0), -- the oldest entries beyond it may be deleted
    entries     INTEGER NOT NULL CHECK (entries >= 0)
) STRICT;

INSERT INTO audit_kept (id, first_day, max_entries, entries) VALUES (1, 0, 4294967295, 0);

CREATE TRIGGER audit_insert AFTER INSERT ON audit
BEGIN UPDATE audit_kept SET entries = entries + 1; END;

CREATE TRIGGER audit_replace BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE day = NEW.day AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'an entry of the audit log is never replaced'); END;

CREATE TRIGGER audit_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'an entry of the audit log never changes'); END;

CREATE TRIGGER audit_delete BEFORE DELETE ON audit
WHEN EXISTS (SELECT 1 FROM audit_kept WHERE OLD.day >= first_day AND entries <= max_entries)
BEGIN SELECT RAISE(ABORT, 'an entry of the audit log is kept until its retention has ended'); END;

CREATE TRIGGER audit_deleted AFTER DELETE ON audit
BEGIN UPDATE audit_kept SET entries = entries - 1; END;

-- Without the row, each entry could be deleted.
CREATE TRIGGER audit_kept_delete BEFORE DELETE ON audit_kept
BEGIN SELECT RAISE(ABORT, 'the retention of the audit log is never removed'); END;

CREATE TRIGGER audit_kept_first_day BEFORE UPDATE OF first_day ON audit_kept
WHEN NEW.first_day < OLD.first_day
BEGIN SELECT RAISE(ABORT, 'the first day of the audit log never becomes earlier'); END;
