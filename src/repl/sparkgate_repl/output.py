"""The text that one statement writes: limited, batched, streamed in order."""
import threading

BATCH_SECONDS = 0.05
BATCH_BYTES = 8 * 1024

_MARK = "\u2026 [output cut: %d more bytes]"


class Budget:
    """The bytes that a statement may still put out. Not thread-safe: its owner locks."""

    def __init__(self, limit):
        self._left = limit
        self.dropped = 0

    def take(self, text):
        """The part of `text` that still fits; the rest is counted as dropped."""
        if len(text) * 4 <= self._left:            # no need to encode what fits in any case
            self._left -= len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
            return text
        data = text.encode("utf-8", "replace")
        if len(data) <= self._left:
            self._left -= len(data)
            return text
        kept = data[:self._left].decode("utf-8", "ignore")
        self.dropped += len(data) - len(kept.encode("utf-8"))
        self._left = 0
        return kept

    def mark(self):
        """The line that says how much was cut, or an empty text."""
        return _MARK % self.dropped if self.dropped else ""


class Output:
    """Collects a statement's text and streams it in batches.

    `send(name, text)` puts one stream frame on the link. `write` may be called by any thread; a batch leaves
    when it is large enough, when the stream's name changes, when `flush` is called, or after `BATCH_SECONDS`
    (the `Flusher` does that).
    """

    def __init__(self, limit, send, flusher):
        self._lock = threading.Lock()
        self._budget = Budget(limit)
        self._send = send
        self._flusher = flusher
        self._pending = []
        self._pending_name = None
        self._pending_size = 0
        self._parts = {"stdout": [], "stderr": []}
        self._ended = False

    def write(self, name, text):
        """Take as much of `text` as the limit allows and return that part."""
        with self._lock:
            if self._ended:
                return ""
            kept = self._budget.take(text)
            if kept:
                self._parts[name].append(kept)
                self._enqueue(name, kept)
            return kept

    def take(self, text):
        """As `write`, for text that belongs to the result only (a displayed value)."""
        with self._lock:
            return self._budget.take(text)

    def drop(self, count):
        """`count` bytes were left out before they came here; the mark tells their number too."""
        with self._lock:
            self._budget.dropped += count

    def text(self, name):
        """All that was accepted for `name` so far."""
        with self._lock:
            return "".join(self._parts[name])

    def cut_mark(self):
        with self._lock:
            return self._budget.mark()

    def flush(self):
        with self._lock:
            self._flush()

    def end(self):
        """Nothing is accepted any more; the mark goes out if something was cut. Idempotent."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            if self._budget.dropped:
                self._enqueue("stdout", "\n" + self._budget.mark() + "\n")
            self._flush()

    def _enqueue(self, name, text):
        if self._pending and self._pending_name != name:
            self._flush()
        if not self._pending:
            self._flusher.wake(self)
        self._pending_name = name
        self._pending.append(text)
        self._pending_size += len(text)
        if self._pending_size >= BATCH_BYTES:
            self._flush()

    def _flush(self):
        if self._pending:
            self._send(self._pending_name, "".join(self._pending))
            self._pending = []
            self._pending_size = 0


class Flusher:
    """One thread that sends what has been waiting for `BATCH_SECONDS`."""

    def __init__(self):
        self._changed = threading.Condition()
        self._outputs = set()
        threading.Thread(target=self._loop, name="flusher", daemon=True).start()

    def wake(self, output):
        with self._changed:
            if not self._outputs:
                self._changed.notify()
            self._outputs.add(output)

    def _loop(self):
        never = threading.Event()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._outputs)
            never.wait(BATCH_SECONDS)
            with self._changed:
                outputs, self._outputs = self._outputs, set()
            for output in outputs:
                output.flush()
