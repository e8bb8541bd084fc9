"""R's evaluator, output, errors and interrupts: real R, no Spark."""
import os
import shutil
import threading

import pytest

from sparkgate_repl.r_process import DIED, RProcess

pytestmark = pytest.mark.skipif(shutil.which("R") is None, reason="no R on this machine")


class R:
    """One R process for a test file, and what its last command wrote."""

    def __init__(self, directory):
        self.process = RProcess("R", os.path.join(directory, "r"))
        self.lock = threading.Condition()
        self.text = ""

    def run(self, code):
        """(status, text of the reply, output)"""
        with self.lock:
            self.text = ""
        status, reply = self.process.call("run", "group", code=code, sink=self._take)
        return status, reply, self.text

    def output(self, code):
        status, reply, output = self.run(code)
        assert status == "ok", reply
        return output

    def error(self, code):
        status, reply, _ = self.run(code)
        assert status == "error"
        return reply

    def interrupt_when(self, text, code, times=1):
        """Run `code` and interrupt it as soon as it has written `text`."""
        results = []
        thread = threading.Thread(target=lambda: results.append(self.run(code)))
        thread.start()
        with self.lock:
            assert self.lock.wait_for(lambda: text in self.text, 30)
        for _ in range(times):
            self.process.interrupt()
        thread.join(30)
        assert results, "R does not react to the interrupt"
        return results[0]

    def complete(self, code, cursor=None):
        status, text = self.process.call("complete", str(len(code) if cursor is None else cursor), code=code)
        assert status == "ok"
        return text.split("\n")

    def _take(self, text):
        with self.lock:
            self.text += text
            self.lock.notify_all()


@pytest.fixture(scope="module")
def r(tmp_path_factory):
    made = R(str(tmp_path_factory.mktemp("r")))
    yield made
    made.process.close()


@pytest.fixture
def own_r(tmp_path):
    """An R for tests that end it."""
    made = R(str(tmp_path))
    yield made
    made.process.close()


def test_each_visible_value_is_printed(r):
    assert r.output("1 + 2") == "[1] 3\n"
    assert r.output("x <- 5; x; invisible(6); x + 1") == "[1] 5\n[1] 6\n"
    assert r.output("") == r.output("# a comment\n\n") == ""
    r.output("setClass('P', representation(a = 'numeric'))")
    assert r.output("new('P', a = 1)").startswith('An object of class "P"')


def test_text_of_all_sources_in_order_and_without_colours(r):
    code = "cat('a\\n'); message('b'); system('echo c'); cat('\\033[31mred\\033[0m\\n'); print('d')"
    assert r.output(code) == 'a\nb\nc\nred\n[1] "d"\n'


def test_unicode(r):
    assert r.output("'ü€😀'; nchar('ü€😀')") == '[1] "ü€😀"\n[1] 3\n'


def test_a_megabyte_of_code(r):
    assert r.output("length(c(" + "1," * 500000 + "1))") == "[1] 500001\n"


def test_megabytes_of_output(r):
    assert len(r.output("cat(strrep('ü', 3e6))")) == 3000000


@pytest.mark.parametrize("code, text", [
    ("stop('top')", '[1] "Error: top"'),
    ("f <- function() stop('boom'); f()", '[1] "Error in f() : boom"'),
    ("no_such_name", "object 'no_such_name' not found"),
    ("stop('two\\nlines')", '[1] "Error: two\\nlines"'),
    ("x y", "unexpected symbol"), ("1 +", "unexpected end of input"),
    ("g <- function(n) g(n + 1); g(1)", "Error"),
    ("options(warn = 2); as.integer('x')", "NAs introduced"),
])
def test_errors(r, code, text):
    reply = r.error(code)
    assert text.replace("\n", "\\n") in reply and "sparkgate" not in reply
    assert r.output("options(warn = 0); 'still here'") == '[1] "still here"\n'


def test_text_before_an_error_is_kept(r):
    status, _, output = r.run("cat('before\\n'); stop('x')")
    assert (status, output) == ("error", "before\n")


def test_nothing_runs_if_the_code_does_not_parse(r):
    assert r.run("cat('ran'); )")[2] == ""


def test_warnings_come_at_the_end(r):
    assert r.output("as.integer('x'); 7") == "[1] NA\n[1] 7\nWarning message:\nNAs introduced by coercion\n"
    assert "1: In f() : a\n2: In f() : b\n" in r.output("f <- function() { warning('a'); warning('b') }; f()")
    assert r.output("suppressWarnings(as.integer('x'))") == "[1] NA\n"
    r.output("options(warn = 1)")
    assert r.output("warning('now'); cat('later\\n')") == "Warning: now\nlater\n"
    r.output("options(warn = 0)")


def test_there_is_no_keyboard(r):
    assert r.output("readline()") == '\n[1] ""\n'
    assert r.output("readLines(stdin())") == r.output("readLines(file('stdin'))") == "character(0)\n"
    r.output("browser()")
    assert r.output("for (i in 1:2) print(i)") == "[1] 1\n[1] 2\n"


def test_code_that_asks_for_the_prompt(r):
    assert r.output("cat('a'); invokeRestart('abort'); cat('b')") == "a"
    assert r.output("1") == "[1] 1\n"


def test_a_sink_does_not_swallow_the_end(r, tmp_path):
    assert r.output("sink('%s'); print(1)" % (tmp_path / "sunk")) == ""
    assert r.output("print(2); sink()") == ""
    assert (tmp_path / "sunk").read_text() == "[1] 1\n[1] 2\n"


def test_clearing_the_workspace_does_no_harm(r):
    assert r.output("rm(list = ls(all.names = TRUE)); ls(all.names = TRUE)") == "character(0)\n"


def test_plots_are_collected_page_by_page(r):
    assert r.output("plot(1:3); hist(c(1, 2, 2)); 1") == "[1] 1\n"
    pages = r.process.plots()
    assert len(pages) == 2 and all(page.startswith(b"\x89PNG") for page in pages)
    r.output("1")
    assert r.process.plots() == []


def test_a_device_of_the_user_is_left_alone(r, tmp_path):
    r.output("pdf('%s'); plot(1)" % (tmp_path / "own.pdf"))
    assert r.process.plots() == []
    assert r.output("invisible(dev.off())") == ""
    assert (tmp_path / "own.pdf").stat().st_size > 0


@pytest.mark.parametrize("code", ["while (TRUE) {}", "Sys.sleep(1000)", "repeat Sys.sleep(0.001)"])
def test_interrupt(r, code):
    r.output("kept <- 1")
    status, _, output = r.interrupt_when("go", "cat('go\\n'); kept <- 2; " + code)
    assert (status, output) == ("interrupted", "go\n")
    assert r.output("kept") == "[1] 2\n"


def test_interrupt_reaches_the_program_that_r_waits_for(r):
    status, _, _ = r.interrupt_when("go", "system('echo go; exec sleep 1000')")
    assert status in ("ok", "interrupted")


def test_interrupt_lets_the_code_clean_up(r):
    code = "tryCatch({ cat('go\\n'); repeat {} }, finally = cat('clean\\n'))"
    status, _, output = r.interrupt_when("go", code)
    assert (status, output) == ("interrupted", "go\nclean\n")


def test_a_late_interrupt_does_not_hit_the_next_statement(r):
    for _ in range(20):
        r.output("1")
        r.process.interrupt()
        assert r.output("sum(sapply(1:1000, function(i) i))") == "[1] 500500\n"
    r.interrupt_when("go", "cat('go\\n'); repeat {}", times=5)
    assert r.output("sum(sapply(1:1000, function(i) i))") == "[1] 500500\n"


def test_completion_gives_bare_names(r):
    assert r.complete("mtc") == ["mtcars"]
    assert r.complete("mtcars$m") == ["mpg"]
    assert "trim" in r.complete("x <- 1\nmean(tr")
    assert set(r.complete("utils::read.csv")) == {"read.csv", "read.csv2"}
    assert r.complete("ncha + 1", cursor=4) == ["nchar"]
    assert r.complete("no_such_name_at_all") == [""]


def test_a_completion_that_takes_too_long_is_dropped(r):
    r.output("slow <- structure(list(), class = 'slow')\n"
             ".DollarNames.slow <- function(x, pattern) { Sys.sleep(0.5); cat('noise'); 'name' }")
    assert r.process.call("complete", "5", code="slow$", timeout=0.01) == (None, "")
    assert r.output("cat('mine')") == "mine"
    assert r.complete("slow$") == ["name"]


def test_quit_ends_the_process_behind_its_text(own_r):
    assert own_r.run("cat('bye\\n'); quit('no')") == (DIED, "", "bye\n")
    assert not own_r.process.alive()
    assert own_r.run("1") == (DIED, "", "")


def test_a_killed_process_is_noticed(own_r):
    assert own_r.output("cat(Sys.getpid())") == str(own_r.process.pid)
    assert own_r.run("tools::pskill(Sys.getpid(), 9)")[0] == DIED


def test_close_removes_everything_also_while_code_runs(own_r, tmp_path):
    own_r.output("x <- tempfile()")
    thread = threading.Thread(target=own_r.run, args=("cat('go\\n'); repeat {}",))
    thread.start()
    with own_r.lock:
        assert own_r.lock.wait_for(lambda: "go" in own_r.text, 30)
    own_r.process.close()
    thread.join(30)
    assert os.listdir(tmp_path) == [] and not own_r.process.alive()


def test_a_program_that_is_no_r(tmp_path):
    with pytest.raises(OSError):
        RProcess(str(tmp_path / "nothing"), str(tmp_path / "r"))
    false = RProcess("false", str(tmp_path / "r2"))
    assert false.call("run", "group", code="1")[0] == DIED
    false.close()
