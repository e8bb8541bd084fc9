"""Logs of batches: complete and in order, read in pages of bounded size, at any length of output."""

import re

import pytest

from blackbox import batches
from blackbox.fake_spark_submit import LINE, block_line

MIB = 1 << 20
PAGE_LIMIT = 4 * MIB
GIGABYTE_OF_LINES = 1_000_000_000 // LINE
MEMORY_BOUND_KIB = 16 * 1024


def is_error(answer, message):
    assert (answer.status, answer.text) == (400, '{"msg":"%s"}' % message), answer


def text_size(page):
    return sum(len(line.encode()) for line in page["log"])


@pytest.fixture
def printed(batch, tmp_path):
    """printed(bytes) is a batch that has ended and has written just these bytes."""

    def run(data, **behaviour):
        (tmp_path / "output").write_bytes(data)
        one = batch(cat=tmp_path / "output", **behaviour)
        one.wait_end()
        return one

    return run


def test_both_streams_in_their_order(batch):
    one = batch(lines=50)
    one.wait_state("success")
    log = one.log()
    assert log[0] == "stdout: " and log[-1] == "\nstderr: " and log.count("stdout: ") == 1
    assert one.output() == [f"line {number}" for number in range(50)]


def test_the_rest_of_a_log_is_its_newest_lines(batch):
    """`from` without `size`, as sparkmagic asks."""
    one = batch(lines=3000)
    one.wait_end()
    total = one.page("?size=0")["total"]
    rest, last = one.page("?from=0"), one.page("?size=1000")
    assert total > 3000 and rest == last and (rest["from"], len(rest["log"])) == (total - 1000, 1000)
    assert one.page(f"?from={total - 7}")["log"] == last["log"][-7:]


def test_pages(client, batch):
    one = batch(lines=20)
    one.wait_end()
    whole = one.page("?from=0&size=-1")
    assert list(whole) == ["id", "from", "total", "log"]
    assert whole["id"] == one.id and whole["from"] == 0 and whole["total"] == len(whole["log"]) >= 22
    log, total = whole["log"], whole["total"]
    for start, size in ((0, 1), (0, 2), (1, 1), (1, 5), (total - 3, 2), (total - 2, 2), (total - 1, 1), (total - 1, 9), (5, 0)):
        page = one.page(f"?from={start}&size={size}")
        assert page == {"id": one.id, "from": start, "total": total, "log": log[start:start + size]}
    for size in (1, 2, 7, total, total + 100):
        for query in (f"?size={size}", f"?from=-1&size={size}", f"?size={size}&from=-99"):
            page = one.page(query)
            assert page["from"] == max(0, total - size) and page["log"] == log[-size:], query
    assert one.page("?size=-1")["log"] == log and one.page()["log"] == log[-100:]
    beyond = one.page("?from=99999")
    assert beyond == {"id": one.id, "from": 99999, "total": total, "log": []}
    assert one.page(f"?from={total}&size=100")["log"] == []
    assert one.page("?from=5")["log"] == log[5:]
    is_error(client.get(one.path + "/log?from=x"), 'For input string: \\"x\\"')
    is_error(client.get(one.path + "/log?size="), 'For input string: \\"\\"')
    is_error(client.get(one.path + "/log?from=99999999999"), 'For input string: \\"99999999999\\"')


def test_the_default_page_is_the_last_hundred_lines(batch):
    one = batch(lines=300)
    one.wait_end()
    page = one.page()
    assert len(page["log"]) == 100 and page["from"] == page["total"] - 100
    assert page["log"] == one.log()[-100:]


def test_log_of_a_view_is_its_last_ten_lines(batch):
    one = batch(lines=300)
    one.wait_end()
    assert one.view()["log"] == one.log()[-10:]


def test_output_is_there_while_the_batch_runs(batch, tmp_path):
    one = batch(print="first", until=tmp_path / "go", last="second")
    batches.until(lambda: one.output() == ["first"], 30, one.log_text)
    assert one.state() == "running"
    (tmp_path / "go").touch()
    one.wait_end()
    assert one.output() == ["first", "second"]


def test_a_batch_without_output(batch):
    one = batch()
    one.wait_end()
    assert one.output() == []


@pytest.mark.parametrize("data, lines", [
    (b"no end of line", ["no end of line"]),
    (b"\n\na\n\n", ["", "", "a", ""]),
    ("grüße ☃ 🚀\n".encode(), ["grüße ☃ 🚀"]),
    (b'"quoted" \\ back\ttab\n', ['"quoted" \\ back\ttab']),
    (b"bell \x07 escape \x1b[31m nul \x00 end\n", ["bell \x07 escape \x1b[31m nul \x00 end"]),
    (b"broken \xff\xfe utf-8\n", ["broken \ufffd\ufffd utf-8"]),
    (b"stdout: \n\nstderr: \n", ["stdout: ", "", "stderr: "]),
])
def test_lines_as_they_were_written(printed, data, lines):
    assert printed(data).output() == lines


def test_a_line_that_grows_later(batch, tmp_path):
    """A line without its end is shown as it is; what comes later belongs to it."""
    (tmp_path / "output").write_bytes(b"half")
    one = batch(cat=tmp_path / "output", until=tmp_path / "go", last=" and half")
    batches.until(lambda: one.output() == ["half"], 30, one.log_text)
    (tmp_path / "go").touch()
    one.wait_end()
    assert one.output() == ["half and half"]


def test_a_page_is_bounded(batch):
    """12 MB in lines: no page above the limit, and the pages together are the whole."""
    count = 12 * MIB // LINE
    one = batch(block=count)
    one.wait_state("success")
    first = one.page("?from=0&size=-1")
    assert 0 < text_size(first) <= PAGE_LIMIT and first["total"] >= count + 2
    assert text_size(first) > PAGE_LIMIT // 2, "the page is smaller than it need be"
    assert one.output() == [block_line(number) for number in range(count)]
    tail = one.page("?size=-1")
    assert text_size(tail) <= PAGE_LIMIT


def test_a_line_longer_than_a_page(printed):
    """Some answer, of bounded size, and a client that pages through it comes to the end."""
    one = printed(b"before\n" + b"x" * (6 * MIB) + b"\nafter\n")
    start, log = 0, []
    while (page := one.page(f"?from={start}&size=100"))["log"]:
        assert text_size(page) <= PAGE_LIMIT + 1000
        start += len(page["log"])
        log += page["log"]
    assert start == page["total"] and "before" in log and "after" in log
    assert any(line.startswith("xxxx") for line in log)


def test_the_middle_is_lost_above_the_limit(serve):
    """Lines of the beginning, a remark, the newest lines; the remark tells how much is missing."""
    server = serve({"log.max-size": "256k"})
    count = 20_000
    one = batches.create(server.client, conf=batches.fake_conf(block=count, last="the very last"))
    one.wait_state("success")
    lines = one.log()[1:-1]
    numbers = [number for number, line in enumerate(lines) if line.startswith(batches.REMARK) and "bytes" in line]
    assert len(numbers) == 1, [lines[number] for number in numbers]
    head = [line for line in lines[:numbers[0]] if not line.startswith(batches.REMARK)]
    tail = [line for line in lines[numbers[0] + 1:] if not line.startswith(batches.REMARK)]
    assert head and head == [block_line(number) for number in range(len(head))]
    assert tail[-1] == "the very last"
    assert len(tail) > 100 and tail[:-1] == [block_line(number) for number in range(count - len(tail) + 1, count)]
    removed = int(re.search(r"([\d,]+) bytes", lines[numbers[0]])[1].replace(",", ""))
    lost = (count - len(head) - len(tail) + 1) * LINE
    assert removed == lost
    directory = server.state_dir / "batches" / str(one.id)
    assert sum(path.stat().st_blocks * 512 for path in directory.rglob("*") if path.is_file()) <= 300 * 1024


@pytest.mark.unsanitized
def test_gigabyte_of_output(gateway, batch):
    """Its middle is read at any time, and the server's memory does not grow with it."""
    count = GIGABYTE_OF_LINES
    warm = batch(block=1000)
    warm.wait_end()
    warm.page("?from=0&size=100")
    with gateway.memory_bounded(MEMORY_BOUND_KIB):
        one = batch(block=count)
        while one.state() not in batches.FINAL:
            total = one.page("?size=0")["total"]
            one.page(f"?from={total // 2}&size=100")
        assert one.state() == "success", one.page()["log"]
        total = one.page("?size=0")["total"]
        assert total >= count + 2
        page = one.page(f"?from={total // 2}&size=100")
        first = int(page["log"][0].split(" ")[0])
        assert abs(first - count // 2) < 100
        assert page["log"] == [block_line(number) for number in range(first, first + 100)]
        assert block_line(count - 1) in one.page("?size=20")["log"]
        assert text_size(one.page(f"?from={total // 3}&size=-1")) <= PAGE_LIMIT
