-- A store as schema 1 had it: one session with two statements, ids behind them.
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    node TEXT NOT NULL,
    state TEXT NOT NULL,
    request TEXT NOT NULL,
    details TEXT NOT NULL
) STRICT;
CREATE TABLE statements (
    session INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    started INTEGER NOT NULL,
    completed INTEGER NOT NULL,
    progress REAL NOT NULL,
    code TEXT NOT NULL,
    output TEXT,
    PRIMARY KEY (session, id)
) STRICT;
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
PRAGMA application_id = 1936747367;
PRAGMA user_version = 1;
INSERT INTO sessions VALUES (3, '', 'idle', '{"kind":"pyspark","name":"etl"}', '{"owner":null,"created":1700000000000}');
INSERT INTO statements VALUES (3, 0, 'pyspark', 'available', 1, 2, 1.0, '1+1', '{"status":"ok"}');
INSERT INTO statements VALUES (3, 1, 'sql', 'waiting', 0, 0, 0.0, 'select 1', NULL);
INSERT INTO counters VALUES ('session', 7);
