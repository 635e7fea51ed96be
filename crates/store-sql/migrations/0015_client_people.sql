-- Settings of a client for people.

ALTER TABLE clients ADD COLUMN first_party INTEGER NOT NULL DEFAULT 0 CHECK (first_party IN (0, 1));
ALTER TABLE clients ADD COLUMN post_logout_redirect_uris TEXT NOT NULL DEFAULT '';  -- with single spaces between them
ALTER TABLE clients ADD COLUMN refresh_idle INTEGER CHECK (refresh_idle >= 0);      -- seconds; none: by the kind of client
ALTER TABLE clients ADD COLUMN refresh_age INTEGER CHECK (refresh_age >= 0);        -- seconds; none: by the kind of client
