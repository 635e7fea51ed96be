-- A program of an older version does not know the tables of version 13. When it removes a user, the
-- user's consents and sessions end here: another user with the same id must not receive them.

CREATE TRIGGER users_delete_sessions AFTER DELETE ON users
BEGIN
    DELETE FROM consents WHERE user_id = OLD.id;
    DELETE FROM sessions WHERE user_id = OLD.id;
END;
