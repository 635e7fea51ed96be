CREATE TABLE IF NOT EXISTS members (
    subject TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    is_active INTEGER NOT NULL DEFAULT TRUE
);
CREATE TABLE IF NOT EXISTS notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    changed TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS tags (
    note INTEGER NOT NULL REFERENCES notes ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (note, tag)
);
CREATE TABLE IF NOT EXISTS shares (
    note INTEGER NOT NULL REFERENCES notes ON DELETE CASCADE,
    reader TEXT NOT NULL,
    PRIMARY KEY (note, reader)
);
CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    note INTEGER NOT NULL REFERENCES notes ON DELETE CASCADE,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    content BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS api_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE
);
-- A note once for its owner, and once for each user it is shared with.
CREATE VIEW IF NOT EXISTS readable AS
    SELECT notes.*, reader, (SELECT json_group_array(tag) FROM tags WHERE note = notes.id) AS tags
    FROM notes JOIN (SELECT id AS note, owner AS reader FROM notes UNION SELECT note, reader FROM shares) ON note = id;
