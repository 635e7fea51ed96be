-- The log of revocations and changes that other processes must learn of. The table `revocations` is
-- read and no longer written. A subject determines the lane of its entries. Places are dense.
-- Each is taken from `news_head` as the last act of a transaction, so that it becomes visible in
-- its order.

CREATE TABLE news_head (
    lane  INTEGER NOT NULL PRIMARY KEY CHECK (lane BETWEEN 0 AND 15),
    place INTEGER NOT NULL CHECK (place >= 0),                    -- the last place; 0 for none
    first INTEGER NOT NULL CHECK (first BETWEEN 1 AND place + 1)  -- the first kept place
) STRICT;

INSERT INTO news_head (lane, place, first) VALUES
    (0, 0, 1), (1, 0, 1), (2, 0, 1), (3, 0, 1), (4, 0, 1), (5, 0, 1), (6, 0, 1), (7, 0, 1),
    (8, 0, 1), (9, 0, 1), (10, 0, 1), (11, 0, 1), (12, 0, 1), (13, 0, 1), (14, 0, 1), (15, 0, 1);

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
