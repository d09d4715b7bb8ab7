-- Answers that may be given again. `used` orders them for the bound on their size.
CREATE TABLE answers (
    key TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    digest TEXT NOT NULL,
    text TEXT NOT NULL,
    data TEXT NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    kept_at INTEGER NOT NULL,
    used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_by_use ON answers (used);
CREATE INDEX answers_by_model ON answers (model, digest);

-- Answers whose gate has not spoken yet; they are not given to anybody.
CREATE TABLE answers_to_judge (
    call TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    model TEXT NOT NULL,
    digest TEXT NOT NULL,
    text TEXT NOT NULL,
    data TEXT NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_to_judge_by_time ON answers_to_judge (at);

-- One row for each model that was asked in a call. Times are milliseconds since 1970 UTC.
CREATE TABLE calls (
    number INTEGER PRIMARY KEY,
    call TEXT NOT NULL,
    at INTEGER NOT NULL,
    role TEXT NOT NULL,
    task TEXT NOT NULL,
    model TEXT NOT NULL,
    outcome TEXT NOT NULL,
    seconds REAL NOT NULL,
    first_token_s REAL NOT NULL,
    queue_s REAL NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    prompt TEXT NOT NULL,
    trial TEXT NOT NULL,
    key TEXT NOT NULL,
    passed INTEGER,
    gate TEXT NOT NULL DEFAULT '',
    score REAL
) STRICT;
CREATE INDEX calls_by_time ON calls (at);
CREATE INDEX calls_by_id ON calls (call);
CREATE INDEX calls_by_judgement ON calls (role, task, model, number) WHERE passed IS NOT NULL;
CREATE INDEX calls_by_trial ON calls (trial, at) WHERE trial != '';

-- What self-tests showed, as JSON.
CREATE TABLE abilities (
    model TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    found TEXT NOT NULL
) STRICT, WITHOUT ROWID;
