-- Times are whole seconds since 1970. Digests are their 32 raw bytes. `key` is a name in its folded form (spec N-4).

CREATE TABLE registry (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    id        TEXT    NOT NULL,
    format    TEXT    NOT NULL,
    created   INTEGER NOT NULL
) STRICT;

CREATE TABLE user (
    id       INTEGER PRIMARY KEY,
    login    TEXT    NOT NULL,
    key      TEXT    NOT NULL UNIQUE,
    admin    INTEGER NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    created  INTEGER NOT NULL
) STRICT;

-- A token is 256 random bits, so its plain SHA-256 is safe to keep and to look up by.
CREATE TABLE token (
    id      INTEGER PRIMARY KEY,
    hash    BLOB    NOT NULL UNIQUE,
    user    INTEGER NOT NULL REFERENCES user,
    name    TEXT    NOT NULL,
    scopes  TEXT    NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    revoked INTEGER
) STRICT;

CREATE TABLE namespace (
    key  TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE owner (
    namespace TEXT    NOT NULL REFERENCES namespace,
    user      INTEGER NOT NULL REFERENCES user,
    PRIMARY KEY (namespace, user)
) STRICT, WITHOUT ROWID;

-- Never deleted: a name is not reusable once it was registered. `newest` is what a search shows; null when every release
-- is withdrawn.
CREATE TABLE package (
    id        INTEGER PRIMARY KEY,
    key       TEXT    NOT NULL UNIQUE,
    name      TEXT    NOT NULL,
    namespace TEXT    NOT NULL REFERENCES namespace,
    newest    INTEGER REFERENCES release
) STRICT;

-- The truth: everything current is a function of these lines. `idx` counts from 0 without gaps. `payload` is the SHA-256 of
-- the line, which is what the log's tree holds; `line` is null once it is redacted, and the tree stays as it was.
CREATE TABLE event (
    idx     INTEGER PRIMARY KEY,
    time    INTEGER NOT NULL,
    type    TEXT    NOT NULL,
    payload BLOB    NOT NULL,
    line    TEXT
) STRICT;
CREATE INDEX event_by_type ON event (type, idx);

-- The pages that an event stands on. `page` is the page's key in the state map.
CREATE TABLE event_page (
    page BLOB    NOT NULL,
    idx  INTEGER NOT NULL REFERENCES event,
    PRIMARY KEY (page, idx)
) STRICT, WITHOUT ROWID;

-- The state map: the SHA-256 of every page, by key. `path` is that of the page's file.
CREATE TABLE state_row (
    key   BLOB PRIMARY KEY,
    value BLOB NOT NULL,
    path  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The nodes of the map's tree as they are now; level 0 is the root. `dirty` until the node's file is written.
CREATE TABLE state_node (
    level  INTEGER NOT NULL,
    prefix INTEGER NOT NULL,
    hash   BLOB    NOT NULL,
    dirty  INTEGER NOT NULL,
    PRIMARY KEY (level, prefix)
) STRICT, WITHOUT ROWID;
CREATE INDEX state_node_dirty ON state_node (dirty) WHERE dirty = 1;
CREATE INDEX state_node_by_hash ON state_node (hash);

-- Nodes that were replaced, and when. Their files go after a while: until then somebody may hold an older head.
CREATE TABLE state_garbage (
    hash  BLOB    PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The roots of full tiles of the log's tree: `hash` is place `idx` on `level`, from 1. The hashes of level 0 are those of the
-- events.
CREATE TABLE tree_hash (
    level INTEGER NOT NULL,
    idx   INTEGER NOT NULL,
    hash  BLOB    NOT NULL,
    PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- What was signed, one row for a size: a log has never two roots of one size. `edge` is the right edge of the tree without
-- its last entry, the hashes one after another: it is the proof that the last entry, a state, is in the tree, and with that
-- entry it is what the next batch goes on from.
CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY,
    root BLOB    NOT NULL,
    edge BLOB    NOT NULL,
    note TEXT    NOT NULL
) STRICT;

-- Signature lines of witnesses and mirrors over the checkpoint of that size. `key` is the name and id of who signed.
CREATE TABLE cosignature (
    size INTEGER NOT NULL REFERENCES checkpoint,
    key  TEXT    NOT NULL,
    line TEXT    NOT NULL,
    PRIMARY KEY (size, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE root_document (
    version INTEGER PRIMARY KEY,
    note    TEXT    NOT NULL
) STRICT;

-- The size of the log that the public head has.
CREATE TABLE published (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    size      INTEGER NOT NULL
) STRICT;

-- The size of the log up to which everything but the head is in the public files.
CREATE TABLE projected (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    size      INTEGER NOT NULL
) STRICT;

-- `version_key` leaves out build metadata: two versions that differ in it alone cannot both exist.
CREATE TABLE release (
    id            INTEGER PRIMARY KEY,
    package       INTEGER NOT NULL REFERENCES package,
    version       TEXT    NOT NULL,
    version_key   TEXT    NOT NULL,
    digest        BLOB    NOT NULL UNIQUE,
    meta          BLOB    NOT NULL,
    signature     BLOB    NOT NULL,
    kind          TEXT    NOT NULL,
    description   TEXT    NOT NULL,
    license_class TEXT    NOT NULL,
    size          INTEGER NOT NULL,
    status        TEXT    NOT NULL CHECK (status IN ('live', 'yanked', 'withdrawn')),
    event         INTEGER NOT NULL REFERENCES event,
    UNIQUE (package, version_key)
) STRICT;
CREATE INDEX release_by_meta ON release (meta);
CREATE INDEX release_by_signature ON release (signature);

CREATE TABLE signer (
    package INTEGER NOT NULL REFERENCES package,
    id      BLOB    NOT NULL,
    pem     TEXT    NOT NULL,
    PRIMARY KEY (package, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE pack (
    id     INTEGER PRIMARY KEY,
    digest BLOB    NOT NULL UNIQUE,
    size   INTEGER NOT NULL
) STRICT;

CREATE TABLE chunk (
    digest        BLOB    PRIMARY KEY,
    pack          INTEGER NOT NULL REFERENCES pack,
    offset        INTEGER NOT NULL,
    stored_length INTEGER NOT NULL,
    raw_length    INTEGER NOT NULL,
    codec         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE recipe (
    digest BLOB    PRIMARY KEY,
    size   INTEGER NOT NULL,
    chunks INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Files that were assembled from their chunks once, and had this SHA-256.
CREATE TABLE verified_file (
    recipe BLOB NOT NULL,
    sha256 BLOB NOT NULL,
    PRIMARY KEY (recipe, sha256)
) STRICT, WITHOUT ROWID;

-- Public files that are to be written anew from the rows above. Filled in the transaction that changes those rows,
-- emptied when the file is on the disk, so that a crash between the two loses nothing. `mark` counts the changes, so that
-- a change that comes while the file is being written is not taken for done.
CREATE TABLE stale (
    path TEXT PRIMARY KEY,
    mark INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    id      TEXT    PRIMARY KEY,
    user    INTEGER NOT NULL REFERENCES user,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    state   TEXT    NOT NULL CHECK (state IN ('open', 'committed', 'dead'))
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_end ON session (expires);

CREATE TABLE session_release (
    session   TEXT    NOT NULL REFERENCES session ON DELETE CASCADE,
    position  INTEGER NOT NULL,
    package   TEXT    NOT NULL,
    version   TEXT    NOT NULL,
    digest    BLOB    NOT NULL,
    meta      BLOB    NOT NULL,
    signature BLOB,
    PRIMARY KEY (session, position)
) STRICT, WITHOUT ROWID;

-- The recipes that the release documents of a session name.
CREATE TABLE session_recipe (
    session TEXT NOT NULL REFERENCES session ON DELETE CASCADE,
    position INTEGER NOT NULL,
    recipe  BLOB NOT NULL,
    PRIMARY KEY (session, position, recipe)
) STRICT, WITHOUT ROWID;

-- Objects that a session put into the store, by path. They are removed with it, unless something published needs them.
CREATE TABLE session_object (
    session TEXT NOT NULL REFERENCES session ON DELETE CASCADE,
    path    TEXT NOT NULL,
    PRIMARY KEY (session, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_object_by_path ON session_object (path);

CREATE TABLE session_pack (
    id      INTEGER PRIMARY KEY,
    session TEXT    NOT NULL REFERENCES session ON DELETE CASCADE,
    digest  BLOB    NOT NULL,
    size    INTEGER NOT NULL,
    UNIQUE (session, digest)
) STRICT;

CREATE TABLE session_chunk (
    session       TEXT    NOT NULL REFERENCES session ON DELETE CASCADE,
    digest        BLOB    NOT NULL,
    pack          INTEGER NOT NULL REFERENCES session_pack ON DELETE CASCADE,
    offset        INTEGER NOT NULL,
    stored_length INTEGER NOT NULL,
    raw_length    INTEGER NOT NULL,
    codec         INTEGER NOT NULL,
    PRIMARY KEY (session, digest)
) STRICT, WITHOUT ROWID;
-- Keys that the publisher offers for packages that have no signer yet.
CREATE TABLE session_signer (
    session TEXT NOT NULL REFERENCES session ON DELETE CASCADE,
    id      BLOB NOT NULL,
    pem     TEXT NOT NULL,
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX session_chunk_by_pack ON session_chunk (pack);

-- `rowid` is the package. Trigrams find a word inside a name: `wake` in `openwakeword`.
CREATE VIRTUAL TABLE search USING fts5 (name, description, words, tokenize = 'trigram');

CREATE VIEW newest AS
    SELECT p.id AS package, p.name, r.version, r.kind, r.description, r.license_class, r.size
    FROM package p JOIN release r ON r.id = p.newest;
