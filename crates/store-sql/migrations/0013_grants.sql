-- What users grant to clients: sessions, consents, authorization codes and token families; and the
-- server secrets. A row that ends has the day of its end in its key (days since 1970).
--
-- Places are those of the log of changes, in the lanes of the user and of the client. A code or
-- family is refused if it began before the place `grants_from` of its user or client. No clock is
-- compared, and no row of a family is changed.

-- Users without a row have the place 0.
CREATE TABLE user_grants (
    user_id     TEXT    NOT NULL PRIMARY KEY,
    grants_from INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER users_delete_grants AFTER DELETE ON users
BEGIN DELETE FROM user_grants WHERE user_id = OLD.id; END;

ALTER TABLE clients ADD COLUMN grants_from INTEGER NOT NULL DEFAULT 0;

CREATE TABLE sealed_secrets (
    purpose        TEXT    NOT NULL,
    version        INTEGER NOT NULL CHECK (version > 0),
    created_at     INTEGER NOT NULL,  -- seconds since 1970, as all times
    verifies_until INTEGER,           -- none: the newest version
    sealed         BLOB    NOT NULL,
    PRIMARY KEY (purpose, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    ends_on      INTEGER NOT NULL,
    digest       BLOB    NOT NULL CHECK (length(digest) = 32),
    user_id      TEXT    NOT NULL,
    auth_time    INTEGER NOT NULL,
    acr          TEXT    NOT NULL,
    amr          TEXT    NOT NULL,  -- with single spaces between them
    seen_at      INTEGER NOT NULL,
    ends_at      INTEGER NOT NULL,
    idle_seconds INTEGER NOT NULL CHECK (idle_seconds >= 0),
    user_agent   TEXT    NOT NULL,
    PRIMARY KEY (ends_on, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE consents (
    user_id       TEXT    NOT NULL,
    client_id     TEXT    NOT NULL,
    scope         TEXT    NOT NULL,  -- with single spaces between them
    refused_scope TEXT    NOT NULL,
    granted_at    INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL,
    place         INTEGER NOT NULL,  -- in the lane of the user, at the first grant
    PRIMARY KEY (user_id, client_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX consents_by_client ON consents (client_id);

CREATE TABLE codes (
    ends_on         INTEGER NOT NULL,
    digest          BLOB    NOT NULL CHECK (length(digest) = 32),
    user_id         TEXT    NOT NULL,
    client_id       TEXT    NOT NULL,
    scope           TEXT    NOT NULL,
    resources       TEXT    NOT NULL,  -- audiences, one a line
    session_ends_on INTEGER NOT NULL,
    session         BLOB    NOT NULL CHECK (length(session) = 32),
    auth_time       INTEGER NOT NULL,
    acr             TEXT    NOT NULL,
    amr             TEXT    NOT NULL,
    key_thumbprint  BLOB    CHECK (length(key_thumbprint) = 32),
    nonce           TEXT,
    redirect_uri    TEXT,              -- none: the request had none
    challenge       BLOB    NOT NULL CHECK (length(challenge) = 32),
    expires_at      INTEGER NOT NULL,
    user_place      INTEGER NOT NULL,
    client_place    INTEGER NOT NULL,
    redeemed_at     INTEGER,
    family_ends_on  INTEGER,           -- the key of the family of the redemption
    family          BLOB    CHECK (length(family) = 16),
    PRIMARY KEY (ends_on, digest),
    CHECK ((redeemed_at IS NULL) = (family IS NULL) AND (family IS NULL) = (family_ends_on IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX codes_by_session ON codes (session);

CREATE TABLE families (
    ends_on           INTEGER NOT NULL,
    id                BLOB    NOT NULL CHECK (length(id) = 16),
    secret_digest     BLOB    NOT NULL CHECK (length(secret_digest) = 32),
    generation        INTEGER NOT NULL CHECK (generation BETWEEN 0 AND 4294967295),
    rotated_at        INTEGER NOT NULL,
    began_at          INTEGER NOT NULL,
    ends_at           INTEGER NOT NULL,
    idle_seconds      INTEGER NOT NULL CHECK (idle_seconds >= 0),
    ends_with_session INTEGER NOT NULL CHECK (ends_with_session IN (0, 1)),
    user_id           TEXT    NOT NULL,
    client_id         TEXT    NOT NULL,
    scope             TEXT    NOT NULL,
    resources         TEXT    NOT NULL,
    session_ends_on   INTEGER NOT NULL,
    session           BLOB    NOT NULL CHECK (length(session) = 32),
    auth_time         INTEGER NOT NULL,
    acr               TEXT    NOT NULL,
    amr               TEXT    NOT NULL,
    key_thumbprint    BLOB    CHECK (length(key_thumbprint) = 32),
    user_place        INTEGER NOT NULL,
    client_place      INTEGER NOT NULL,
    ended_at          INTEGER,
    ended_why         TEXT,
    PRIMARY KEY (ends_on, id),
    CHECK ((ended_at IS NULL) = (ended_why IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX families_by_client ON families (user_id, client_id);

CREATE INDEX families_by_session ON families (session) WHERE ends_with_session = 1;

-- The cleanup finds the ended ones without a walk.
CREATE INDEX families_ended ON families (ended_at) WHERE ended_at IS NOT NULL;
