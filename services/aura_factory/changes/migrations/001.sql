CREATE TABLE blobs (
    sha TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    data BLOB NOT NULL
) STRICT;

CREATE TABLE changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL,
    root TEXT NOT NULL,
    title TEXT NOT NULL,
    why TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL,
    checks TEXT NOT NULL,
    replaces TEXT NOT NULL,
    notice TEXT NOT NULL DEFAULT '',
    file_count INTEGER NOT NULL,
    added INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL
) STRICT;
CREATE INDEX changes_by_project ON changes (project, seq);

CREATE TABLE files (
    change TEXT NOT NULL REFERENCES changes (id) ON DELETE CASCADE,
    ord INTEGER NOT NULL,
    path TEXT NOT NULL,
    kind TEXT NOT NULL,
    moved_from TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    PRIMARY KEY (change, ord)
) STRICT;
CREATE INDEX files_before ON files (before);
CREATE INDEX files_after ON files (after);

CREATE TABLE hunks (
    change TEXT NOT NULL,
    file INTEGER NOT NULL,
    ord INTEGER NOT NULL,
    id TEXT NOT NULL,
    old_start INTEGER NOT NULL,
    old_end INTEGER NOT NULL,
    new_start INTEGER NOT NULL,
    new_end INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    move INTEGER NOT NULL,
    decision TEXT NOT NULL,
    comment TEXT NOT NULL,
    applied INTEGER NOT NULL,
    PRIMARY KEY (change, file, ord),
    FOREIGN KEY (change, file) REFERENCES files (change, ord) ON DELETE CASCADE
) STRICT;

-- A step is the journal of one application or undo: 'writing' until all of its files are as they shall be.
CREATE TABLE steps (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    change TEXT NOT NULL REFERENCES changes (id) ON DELETE CASCADE,
    root TEXT NOT NULL,
    what TEXT NOT NULL,
    state TEXT NOT NULL,
    applied TEXT NOT NULL,
    folders TEXT NOT NULL,
    started_at TEXT NOT NULL
) STRICT;
CREATE INDEX steps_of_change ON steps (change, id);
CREATE INDEX steps_under_way ON steps (state) WHERE state = 'writing';

-- What a step writes.
CREATE TABLE writes (
    step INTEGER NOT NULL REFERENCES steps (id) ON DELETE CASCADE,
    ord INTEGER NOT NULL,
    path TEXT NOT NULL,
    pre TEXT NOT NULL,
    post TEXT NOT NULL,
    pre_mode INTEGER NOT NULL,
    post_mode INTEGER NOT NULL,
    PRIMARY KEY (step, ord)
) STRICT;
CREATE INDEX writes_pre ON writes (pre);
CREATE INDEX writes_post ON writes (post);

-- What a step did to each file of its change, for the way back.
CREATE TABLE moves (
    step INTEGER NOT NULL REFERENCES steps (id) ON DELETE CASCADE,
    ord INTEGER NOT NULL,
    old_path TEXT NOT NULL,
    new_path TEXT NOT NULL,
    pre TEXT NOT NULL,
    post TEXT NOT NULL,
    mode INTEGER,
    PRIMARY KEY (step, ord)
) STRICT;
CREATE INDEX moves_pre ON moves (pre);
CREATE INDEX moves_post ON moves (post);
