-- What a mirror has and why. Version 1; the number is in `PRAGMA user_version`.
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID, STRICT;

-- Objects that are there: hashed, synced and moved into place.
CREATE TABLE object (
    path TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    -- For people: what the object was first fetched for.
    why TEXT NOT NULL,
    verified_at INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX object_by_age ON object (verified_at);

-- Which release needs which object. An object that nothing needs goes.
CREATE TABLE need (
    release BLOB NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (release, path)
) WITHOUT ROWID, STRICT;
CREATE INDEX need_by_path ON need (path);

-- Every release of the log: what the filters judge, as JSON, and how much of it is held (0 nothing, 1 archive, 2 all).
CREATE TABLE release (
    digest BLOB PRIMARY KEY,
    facts TEXT NOT NULL,
    level INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- Takedowns in force, by the digest of their line.
CREATE TABLE takedown (
    payload TEXT PRIMARY KEY,
    idx INTEGER NOT NULL,
    class TEXT NOT NULL,
    deadline INTEGER NOT NULL,
    obeyed INTEGER
) WITHOUT ROWID, STRICT;

-- Objects that a takedown, by the digest of its line, forbids to hold.
CREATE TABLE tombstone (
    path TEXT NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (path, payload)
) WITHOUT ROWID, STRICT;

-- Objects that should be there and no source has; asked for again at each sync.
CREATE TABLE missing (
    path TEXT PRIMARY KEY,
    release BLOB NOT NULL,
    reason TEXT NOT NULL
) WITHOUT ROWID, STRICT;

-- The state map, with the path of each row's page.
CREATE TABLE row (
    key BLOB PRIMARY KEY,
    value BLOB NOT NULL,
    path TEXT NOT NULL
) WITHOUT ROWID, STRICT;

-- Files of a size of the log that is decided on and not written yet.
CREATE TABLE draft (
    path TEXT PRIMARY KEY,
    rank INTEGER NOT NULL,
    bytes BLOB NOT NULL
) WITHOUT ROWID, STRICT;
