"""Recorded answers of Apache Livy 0.9.0, and how an answer of sparkgate is compared with one of them.

tests/data/livy/README.md describes the recordings. A recording may say what sparkgate answers instead ("sparkgate"),
and what Spark 4.1 makes of it ("spark-4.1"); each such entry names rows of docs/livy-compat.md. Everything else has to
be as Livy answered it, once MASKS has covered what no two runs have in common.
"""

import gzip
import http.client
import json
import pathlib
import re

from blackbox.client import DEADLINE, Answer

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "tests/data/livy"
COMPARED_HEADERS = ("Content-Type", "Allow", "Location", "Content-Encoding", "Cache-Control")
OTHER_HEADERS = {"Date", "Content-Length", "Transfer-Encoding", "Connection", "X-Request-Id", "Vary"}
SECURITY_HEADERS = {
    "X-Frame-Options": "SAMEORIGIN", "X-XSS-Protection": "1; mode=block", "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy":
        "default-src 'self'; script-src 'self' 'unsafe-inline'; img-src 'self'; frame-src 'self';"}
STRING = r'"(?:[^"\\]|\\.)*"'

# (rule, pattern, replacement), applied to both bodies in this order. Patterns see JSON text, with its escapes.
MASKS = [
    ("source position of a Jackson text", r"(?:\\n)? at \[Source: [^;\]]*; line: \d+, column: \d+\]", ""),
    ("times", r'"(started|completed)":[1-9]\d{12}\b', r'"\1":"<time>"'),
    ("build date", r'"date":"[^"]*"', '"date":"<date>"'),
    ("lines of Spark's log in a view", rf'"log":\[(?:{STRING},?)*\]', '"log":["<lines>"]'),
    ("object address", r"\b0x[0-9a-f]{6,}\b|(?<=@)[0-9a-f]{5,8}\b", "<address>"),
    ("frame in PySpark", r'(File \\")[^"\\]*/((?:pyspark|py4j)/[^"\\]*\\", line )\d+', r"\1<python>/\2<n>"),
    ("address of an executor", r"\b(?:localhost|\d+\.\d+\.\d+\.\d+)(?= executor)", "<host>"),
    ("stage and task", r"\b(stage|task|Task|TID|Job) \d+(?:\.\d+)?", r"\1 <n>"),
    ("frames that the Scala shell leaves out", r"\.\.\. \d+ elided", "... <n> elided"),
    ("digits of an escape", r"\\u001([A-F])", lambda found: found[0].lower()),
]

# What sparkgate or Spark 4.1 answers otherwise all over, by the id of its row in docs/livy-compat.md: substitutions
# that make Livy's (masked) text of it. Where a recording names one of these, it has to change something.
REWRITES = {
    "application": [(r'"appId":"local-\d+"', '"appId":null'),
                    (r'"sparkUiUrl":"http[^"]+"', '"sparkUiUrl":null')],
    "conf-order": [(r'"conf":\{("spark.foo":"1"),("spark.ui.enabled":"false")\}', r'"conf":{\2,\1}')],
    "doubles": [(r"\b1e-07\b", "1.0E-7")],
    "html": [(rf'"text/html":{STRING},', "")],
    "reason": [(r"(Session isn't active\.) It ended: (?:[^\"\\]|\\.)*", r"\1"),
               (r'(Session is in state dead) \((?:[^"\\]|\\.)*\)"', r'\1"')],
    "result-numbers": [(r"((?:\\n|\b)res)\d+\b", r"\1<n>")],
    "scala-2.13": [(r'((?:\\n|"))val (\w+(?:<n>)?: )', r"\1\2"), ('"class P', '"defined class P')],
    "sqlstate": [(r" SQLSTATE: \w+( (?=\())?", "")],
    "sparkr-missing": [(rf'("ename":"InterpreterError","evalue":){STRING}', r'\1"Fail to start interpreter"')],
    "statement-frames": [
        (r'"  File \\"<statement \d+>\\", line \d+, in <module>\\n(?:[^"\\]|\\.)*",', ""),
        (r'("  File \\"<statement \d+>\\", line \d+, in \w+\\n)(?:[^"\\]|\\.)*"', r'\1"'),
        (r"<statement \d+>", "<stdin>")],
    "version": [(r'"url":"sparkgate","branch":"main","revision":"[^"]*"', '"url":"","branch":"","revision":""'),
                (r'"user":"sparkgate"', '"user":""')],
}


def load(name):
    """The recordings of one file, in the order in which they were made."""
    lines = (DATA / f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def label(recording):
    """The id of a recording's test."""
    path = re.sub(r"[^!-~]|\?.*", "", recording["path"])[:60]
    return f"{recording['n']}-{recording.get('method', 'poll')}-{path}"


def mask(text):
    for _, pattern, replacement in MASKS:
        text = re.sub(pattern, replacement, text)
    return text


def send(port, recording, translate=lambda text: text):
    """Sends the recorded request on a connection of its own. `translate` rewrites path and body (ids, folders)."""
    def real(text):
        return re.sub(r"\{(.)\*(\d+)\}", lambda found: found[1] * int(found[2]), translate(text))

    headers = {"Accept": "*/*", **recording.get("headers", {})}
    headers = {name: real(value) for name, value in headers.items() if value is not None}
    body = recording.get("body")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        connection.request(recording["method"], real(recording["path"]),
                           None if body is None else translate(body).encode("latin-1"), headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.reason, answer.headers, answer.read())
    finally:
        connection.close()


def merge(base, patch):
    """JSON merge patch (RFC 7386): objects are merged, null removes a member, all else is replaced."""
    if not (isinstance(base, dict) and isinstance(patch, dict)):
        return patch
    merged = {**base, **{key: merge(base.get(key), value) for key, value in patch.items()}}
    return {key: value for key, value in merged.items() if key not in patch or patch[key] is not None}


def parsed(text):
    """JSON whose numbers keep their spelling."""
    return json.loads(text, parse_float=lambda digits: f"number {digits}")


def entries(recording, spark):
    return [recording[name] for name in ("sparkgate", f"spark-{spark}") if name in recording]


def expectation(recording, spark=None):
    """What sparkgate must answer. The body is a text, or an object where members were replaced."""
    expected = {"status": recording["status"], "headers": dict(recording["answer_headers"]),
                "bare": recording.get("bare", False), "cut": recording.get("cut", False), "answer": recording["answer"],
                "why": []}
    for instead in entries(recording, spark):
        for key in ("status", "bare", "cut"):
            expected[key] = instead.get(key, expected[key])
        expected["headers"].update(instead.get("headers", {}))
        expected["why"] += instead["why"]
        patch = instead.get("answer", expected["answer"])
        if isinstance(patch, dict) and isinstance(expected["answer"], str):
            expected["answer"] = parsed(mask(expected["answer"]))
        expected["answer"] = merge(expected["answer"], patch) if isinstance(patch, dict) else patch
    return expected


def body_text(answer):
    body = answer.body
    return (gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body).decode()


def compare_headers(recording, wanted, bare, answer):
    problems = []
    for name in COMPARED_HEADERS:
        if answer.headers.get(name) != wanted.get(name):
            problems.append(f"{name}: {answer.headers.get(name)!r}, Livy {wanted.get(name)!r}")
    for name, value in SECURITY_HEADERS.items():
        value = None if bare else value
        if answer.headers.get(name) != value:
            problems.append(f"{name}: {answer.headers.get(name)!r}, Livy {value!r}")
    unknown = set(answer.headers) - set(COMPARED_HEADERS) - set(SECURITY_HEADERS) - OTHER_HEADERS
    problems += [f"{name} is not a header of Livy's" for name in sorted(unknown)]
    if "X-Request-Id" not in answer.headers:
        problems.append("no X-Request-Id")
    length = None if answer.headers.get("Transfer-Encoding") == "chunked" else str(len(answer.body))
    if recording["method"] != "HEAD" and answer.status != 204 and answer.headers.get("Content-Length") != length:
        problems.append(f"Content-Length: {answer.headers.get('Content-Length')!r} for {len(answer.body)} bytes")
    return problems


def rewritten(text, rules):
    """`text` with what the rules stand for made as Livy has it, and the rules that found nothing."""
    idle = []
    for rule in rules:
        before = text
        for pattern, replacement in REWRITES.get(rule, []):
            text = re.sub(pattern, replacement, text)
        if rule in REWRITES and text == before:
            idle.append(rule)
    return text, idle


def compare_body(expected, wanted, text):
    if wanted is None:  # pages of Livy's user interface, and HEAD
        return []
    seen, idle = rewritten(mask(text), expected["why"])
    if idle:
        return [f"no longer different: {', '.join(idle)}"]
    if isinstance(wanted, dict):  # its members are in the recorded order, new ones behind them
        wanted, seen = json.dumps(wanted), json.dumps(parsed(seen))
    else:
        wanted, _ = rewritten(mask(wanted), expected["why"])
        seen = seen[:len(wanted)] if expected["cut"] else seen
    if wanted != seen:
        return [f"body:\n  sparkgate {seen}\n  Livy      {wanted}"]
    spaced = re.sub(STRING, '""', text) if text.startswith("{") else ""
    return ["the JSON is not compact"] if re.search(r"\s", spaced) else []


def with_state_of(answer, text):
    """How far a batch has come when its POST is answered is chance, in Livy too."""
    state = answer.json["state"]
    return re.sub(r'"state":"\w+"', f'"state":"{state}"', text) if state in ("starting", "running", "success") else text


def differences(recording, answer, host, spark=None, translate=lambda text: text):
    """What sparkgate's answer has other than it must have. `translate` as in send(), for what is expected."""
    def real(text):
        return translate(text).replace("{host}", host) if isinstance(text, str) else text

    expected = expectation(recording, spark)
    if answer.status == 201 and recording["path"].startswith("/batches"):
        expected["answer"] = with_state_of(answer, expected["answer"])
    if expected["status"] != answer.status:
        return [f"status: {answer.status} {body_text(answer)[:300]}, Livy {expected['status']}"]
    wanted = {name: real(value) for name, value in expected["headers"].items()}
    return (compare_headers(recording, wanted, expected["bare"], answer)
            + compare_body(expected, real(expected["answer"]), body_text(answer)))


def table(heading):
    """The rows of the Markdown table below a heading of docs/livy-compat.md, as {column: text}."""
    text = (ROOT / "docs/livy-compat.md").read_text()
    section = re.split(r"^#+ ", text.partition(f"# {heading}\n")[2], maxsplit=1, flags=re.M)[0]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in section.splitlines() if line.startswith("|")]
    assert len(rows) > 2, f"no table below {heading!r}"
    return [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]
