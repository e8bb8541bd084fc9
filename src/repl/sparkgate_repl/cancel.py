"""The ladder that stops a running statement: interrupt, cancel its jobs, repeat, say if it does not help."""
import threading
import time

STEP_SECONDS = 0.05
SLOW_STEP_SECONDS = 1.0


def start(statement, interpreter, env, link):
    """Cancel `statement` on a thread of its own. The first request counts, later ones do nothing."""
    if statement.cancel_requested:
        return
    statement.cancel_requested = True
    threading.Thread(target=_climb, args=(statement, interpreter, env, link),
                     name="cancel-%d" % statement.id, daemon=True).start()


def _climb(statement, interpreter, env, link):
    deadline = time.monotonic() + env.options["cancel_timeout"]
    attempt, told = 0, False
    while not statement.ended.is_set():
        with statement.attempt_lock:
            if statement.running:
                _try_once(statement, interpreter, env, attempt)
                attempt += 1
        if not told and time.monotonic() >= deadline:
            told = True
            link.send("cancel_failed", id=statement.id, reason=_reason(statement, interpreter, env))
        statement.ended.wait(SLOW_STEP_SECONDS if told else STEP_SECONDS)


def _try_once(statement, interpreter, env, attempt):
    for action in (lambda: interpreter.interrupt(statement, attempt), lambda: env.cancel_jobs(statement)):
        try:
            action()
        except Exception as e:    # the statement, or Spark, may end at any moment
            if attempt == 0:
                env.log("cancel of statement %d: %s: %s" % (statement.id, type(e).__name__, e))
    if attempt > 0:
        # It outlived the first interrupt by a whole step: it did not end by itself in that instant.
        statement.interrupted = True


def _reason(statement, interpreter, env):
    try:
        reason = interpreter.can_stop() if statement.running else "the interpreter is still starting"
    except Exception as e:
        env.log("can_stop of statement %d: %s: %s" % (statement.id, type(e).__name__, e))
        reason = None
    return reason or "the code does not react to interrupts"
