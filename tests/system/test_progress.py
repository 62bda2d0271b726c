import io

from minivae.system.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_a_bar_on_one_line():
    stream = Terminal()
    bar = ProgressBar("epoch 1", stream)
    bar(0, 10, lambda: "loss 5")
    bar(5, 10, lambda: "never drawn: too soon")
    bar(10, 10)
    bar.clear()
    text = stream.getvalue()
    assert "epoch 1" in text and "  0 %  loss 5" in text and "100 %" in text
    assert "never drawn" not in text and "\n" not in text and text.endswith("\r")


def test_an_ended_bar_stays():
    stream = Terminal()
    bar = ProgressBar("fit", stream)
    bar.end()
    assert stream.getvalue() == ""
    bar(1, 1)
    bar.end()
    assert stream.getvalue().endswith("100 %\n")


def test_a_file_sees_lines_if_asked_for(monkeypatch):
    now, stream = iter([100, 103, 111, 112]), io.StringIO()
    monkeypatch.setattr("minivae.system.progress.time.monotonic", lambda: next(now))
    bar = ProgressBar("downloading", stream, lines_every=10)
    for done in range(4):
        bar(done, 3)
    bar.clear()
    assert stream.getvalue().splitlines() == [f"downloading [{'#' * n}{'.' * (24 - n)}] {percent:3} %"
                                              for n, percent in ((0, 0), (16, 66), (24, 100))]


def test_a_file_sees_nothing_and_the_note_is_not_computed():
    stream = io.StringIO()
    bar = ProgressBar("epoch 1", stream)
    bar(0, 10, lambda: 1 / 0)
    bar.clear()
    assert stream.getvalue() == ""
