"""A log that cannot be written does not stop a fit."""

import io
import os

import pytest

from hpcfit.cli import main as command_line
from hpcfit.cli import run
from hpcfit.listeners.log import open_log
from hpcfit.listeners.log_stream import LogStream
from hpcfit.parallel.communicator import Serial
from hpcfit.runfile.header import Style
from hpcfit.runfile.store import load
from tests.helpers.small_jobs import write_job


class _Fails(io.StringIO):
    def __init__(self, after: int, error: Exception) -> None:
        super().__init__()
        self._left, self._error = after, error

    def write(self, text):
        self._left -= 1
        if self._left < 0:
            raise self._error
        return super().write(text)


@pytest.mark.parametrize(
    "error",
    [BrokenPipeError(32, "Broken pipe"), OSError(28, "No space left"), ValueError("I/O on closed file")],
)
@pytest.mark.parametrize("after", [0, 3])
def test_one_warning_and_the_run_goes_on(tmp_path, capsys, error, after):
    stream = _Fails(after, error)
    path = str(tmp_path / "run.h5")
    assert run.fit(str(write_job(tmp_path)), path, False, Serial(), stream).startswith("converged")
    assert load(path).complete
    assert capsys.readouterr().err == (
        f"warning: standard output cannot be written, found {error}, the run goes on without\n"
    )


def test_dev_full(tmp_path, capfd):
    with open("/dev/full", "w", encoding="utf-8") as full:
        run.fit(str(write_job(tmp_path)), str(tmp_path / "run.h5"), False, Serial(), full)
        with pytest.raises(OSError, match="No space"):
            full.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())
    assert capfd.readouterr().err.count("the run goes on without") == 1


def test_a_stream_without_a_terminal():
    stream = LogStream(io.StringIO(), "log")
    assert not stream.isatty() and stream.writable() and stream.encoding == "utf-8"


def test_a_log_that_cannot_be_opened_again(tmp_path, capsys):
    path = str(tmp_path / "no" / "fit.log")
    with open_log(path, Style(), io.StringIO(), append=True) as log:
        log("minimum").write("text")
    assert capsys.readouterr().err.startswith(f"warning: {path} cannot be written, found ")


def test_a_report_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hpcfit.report.report.from_file", fail)
    monkeypatch.setattr(command_line, "_discard_output", lambda: None)
    assert command_line.main(["report", "run.h5"]) == 1
    assert capsys.readouterr().err == "output cannot be written, found [Errno 28] No space left on device\n"


def test_no_room_in_memory_is_one_line(tmp_path, monkeypatch, capsys):
    def fail(*_):
        raise MemoryError("Unable to allocate 8 TiB")

    monkeypatch.setattr("hpcfit.report.report.from_file", fail)
    assert command_line.main(["report", "run.h5"]) == 1
    assert (
        capsys.readouterr().err
        == "out of memory, found Unable to allocate 8 TiB, allowed less data per rank\n"
    )
