PRAGMA journal_mode = WAL;
CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT, square INTEGER);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
INSERT INTO words SELECT i, printf('word %05d', i), i * i FROM n;
COMMIT;
CREATE INDEX by_square ON words (square DESC);
SELECT 'sum', sum(square), count(DISTINCT word) FROM words;
DELETE FROM words WHERE id % 3 = 0;
PRAGMA mmap_size = 1048576;
SELECT 'left', count(*), max(id), min(word) FROM words;
SELECT 'nearest', word FROM words WHERE square < 1000000 ORDER BY square DESC LIMIT 1;
PRAGMA integrity_check;
