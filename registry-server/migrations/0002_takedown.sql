-- Takedowns by the number of their event. `here` says that the bytes go from this registry too, and not only in the countries of
-- the takedown's scope; `rounds` counts how often chunks were taken out of the rows for it; `done` says that they are gone from the
-- store as well; `restored` is the event that took it back.
CREATE TABLE takedown (
    event    INTEGER PRIMARY KEY REFERENCES event,
    class    TEXT    NOT NULL,
    here     INTEGER NOT NULL,
    rounds   INTEGER NOT NULL DEFAULT 0,
    done     INTEGER NOT NULL DEFAULT 0,
    restored INTEGER REFERENCES event
) STRICT;

CREATE TABLE takedown_release (
    event   INTEGER NOT NULL REFERENCES takedown,
    release INTEGER NOT NULL REFERENCES release,
    PRIMARY KEY (event, release)
) STRICT, WITHOUT ROWID;
CREATE INDEX takedown_by_release ON takedown_release (release);

-- The files that go: those that were named, and those whose bytes went with a release. Nobody may publish them again.
CREATE TABLE takedown_file (
    event  INTEGER NOT NULL REFERENCES takedown,
    sha256 BLOB    NOT NULL,
    PRIMARY KEY (event, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX takedown_by_file ON takedown_file (sha256);

-- Objects that are gone for a takedown, by path. `rewritten` is one whose other bytes lie elsewhere now: there is nothing to say
-- of it. `removed` says that the store does not have it any more.
CREATE TABLE gone (
    path      TEXT    PRIMARY KEY,
    event     INTEGER NOT NULL REFERENCES takedown,
    rewritten INTEGER NOT NULL,
    removed   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Releases whose bytes are not here any more.
CREATE VIEW release_down AS
    SELECT t.release FROM takedown_release t JOIN takedown d ON d.event = t.event
    WHERE d.here = 1 AND d.restored IS NULL;
