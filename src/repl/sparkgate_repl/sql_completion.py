"""Candidates for SQL: columns, tables, functions and keywords that begin like the word before the cursor.

The catalogue is asked on a thread of its own and kept for a moment, so that a slow metastore or a running
statement never holds up an answer: what is not known in time is missing.
"""
import collections
import json
import re
import threading
import time

_FRESH_SECONDS = 2.0    # a view made by another kind shows up after so long
_WAIT_SECONDS = 0.6     # of the second in which a completion has to be answered

_MAX_SUBJECTS = 100     # tables whose columns are kept

_KEYWORDS = """
ADD AFTER ALL ALTER ANALYZE AND ANTI ANY ARRAY AS ASC AT BETWEEN BIGINT BINARY BOOLEAN BOTH BUCKETS BY CACHE
CASCADE CASE CAST CHANGE CLEAR CLUSTER CLUSTERED COLLATE COLUMN COLUMNS COMMENT COMPUTE CONSTRAINT CREATE
CROSS CUBE CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DATABASE DATABASES DATE DECIMAL
DEFAULT DELETE DESC DESCRIBE DIRECTORY DISTINCT DISTRIBUTE DOUBLE DROP ELSE END ESCAPE EXCEPT EXISTS EXPLAIN
EXTENDED EXTERNAL EXTRACT FALSE FETCH FILTER FIRST FLOAT FOLLOWING FOR FORMAT FORMATTED FROM FULL FUNCTION
FUNCTIONS GLOBAL GRANT GROUP GROUPING HAVING IF ILIKE IN INNER INSERT INT INTERSECT INTERVAL INTO IS JOIN LAST
LATERAL LEADING LEFT LIKE LIMIT LOAD LOCATION MAP MATCHED MERGE MINUS NAMESPACE NAMESPACES NATURAL NOT NULL
NULLS OFFSET ON OPTIONS OR ORDER OUTER OVER OVERWRITE PARTITION PARTITIONED PARTITIONS PERCENT PIVOT PRECEDING
QUALIFY RANGE RECURSIVE REFRESH REGEXP RENAME REPAIR REPLACE RESET RIGHT RLIKE ROLLUP ROW ROWS SCHEMA SCHEMAS
SELECT SEMI SET SETS SHOW SMALLINT SOME SORT STATISTICS STRING STRUCT TABLE TABLES TABLESAMPLE TBLPROPERTIES
TEMPORARY THEN TIMESTAMP TINYINT TO TRAILING TRUE TRUNCATE UNBOUNDED UNCACHE UNION UNIQUE UNPIVOT UPDATE USE
USING VALUES VIEW VIEWS WHEN WHERE WINDOW WITH
""".split()

_Columns = collections.namedtuple("_Columns", "table")
_WORD = re.compile(r"\w*$")
_NAMED_TABLE = re.compile(r"\b(?:from|join|into|update|table|view|describe|desc)\s+([\w.`]+)", re.IGNORECASE)


class SqlCompletion:
    """Any thread may ask; one thread at a time asks Spark."""

    def __init__(self, env):
        self._env = env
        self._changed = threading.Condition()
        self._loading = False
        # By subject ("tables", "functions" or a _Columns): when it was asked, and the names.
        self._known = {}

    def candidates(self, code, cursor):
        """The names that may stand at `cursor`, columns first."""
        word = _WORD.search(code[:cursor]).group()
        qualified = code[:cursor - len(word)].endswith(".")
        subjects = [_Columns(name.replace("`", "")) for name in _NAMED_TABLE.findall(code)] + ["tables"]
        if not qualified:
            subjects.append("functions")
        names = self._names(subjects)
        if not qualified and word:
            names += [key.lower() for key in _KEYWORDS] if word.islower() else _KEYWORDS
        return list(dict.fromkeys(name for name in names if name.lower().startswith(word.lower())))

    def expire(self):
        """A statement may have changed the catalogue: ask again when names are needed next."""
        with self._changed:
            self._known = {subject: (float("-inf"), names) for subject, (_, names) in self._known.items()}

    def _names(self, subjects):
        """What is known of `subjects` now or in a moment; what is too old is asked for again."""
        deadline = time.monotonic() + _WAIT_SECONDS
        with self._changed:
            stale = [subject for subject in subjects if self._age(subject) > _FRESH_SECONDS]
            if stale and not self._loading:
                self._loading = True
                threading.Thread(target=self._load, args=(stale,), name="sql-catalogue", daemon=True).start()
            self._changed.wait_for(lambda: not self._loading, max(0.0, deadline - time.monotonic()))
            return [name for subject in subjects for name in self._known.get(subject, (0, ()))[1]]

    def _age(self, subject):
        return time.monotonic() - self._known[subject][0] if subject in self._known else float("inf")

    def _load(self, subjects):
        """Ask Spark; the thread's body."""
        try:
            for subject in subjects:
                names = self._ask(subject)
                with self._changed:
                    if len(self._known) >= _MAX_SUBJECTS:
                        self._known.clear()
                    self._known[subject] = (time.monotonic(), names)
        except Exception as e:    # Spark is going away; old names do no harm
            self._env.log("the names for SQL completion: %s: %s" % (type(e).__name__, e))
        finally:
            with self._changed:
                self._loading = False
                self._changed.notify_all()

    def _ask(self, subject):
        session = self._env.spark
        if subject == "functions":
            names = [row[0] for row in session.sql("SHOW FUNCTIONS").collect()]
            return [name for name in names if name.isidentifier()]
        if subject == "tables":
            return [row[1] for row in session.sql("SHOW TABLES").collect()]
        try:
            schema = json.loads(session._jsparkSession.table(subject.table).schema().json())
            return [field["name"] for field in schema["fields"]]
        except Exception:         # no such table: a word is half written, or the user's own error
            return []
