-- More settings of a client, and its secrets in a table of their own: at most two at a time.
--
-- `clients.secret_sha256` is written and no longer read. A server of an earlier release that still
-- runs reads the newest secret there; none means a public client.

-- The default is for a row of an earlier release: a confidential client, whose secret may be in the
-- header or in the form. Without a row in `client_secrets` it cannot authenticate.
ALTER TABLE clients ADD COLUMN auth_method TEXT NOT NULL DEFAULT 'client_secret_any';
ALTER TABLE clients ADD COLUMN resources TEXT NOT NULL DEFAULT '';       -- audiences, one a line
ALTER TABLE clients ADD COLUMN optional_scope TEXT NOT NULL DEFAULT '';  -- with single spaces between them
ALTER TABLE clients ADD COLUMN default_scope TEXT NOT NULL DEFAULT '';   -- with single spaces between them

CREATE TABLE client_secrets (
    client_id  TEXT NOT NULL,
    digest     BLOB NOT NULL CHECK (length(digest) = 32),  -- SHA-256
    created_at INTEGER,                                    -- seconds since 1970; none: an earlier release
    ends_at    INTEGER,                                    -- seconds since 1970; none: no end
    PRIMARY KEY (client_id, digest)
) STRICT, WITHOUT ROWID;

UPDATE clients SET auth_method = 'none' WHERE secret_sha256 IS NULL;

INSERT INTO client_secrets (client_id, digest)
    SELECT id, secret_sha256 FROM clients WHERE secret_sha256 IS NOT NULL;
