"""What if a data file brings the reader down? The ledger is built in a process of its own, so that a crash is a message."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from kalib import errors, interpreter
from kalib.errors import DataError, KalibError
from kalib.ledger.report import LedgerReport, read_report
from kalib.settings import Job
from kalib.words.told import speak, told

_WHERE = ("rule", "file", "line", "column", "value")
_PATIENCE = 5
"""Seconds that a process has to clear away after itself when it is stopped."""


_RARELY = 100_000
"""After so many new objects, rubbish is looked for: the expressions of Ibis are many small ones, and hardly ever rubbish."""


def build_apart(job: Job, folder: Path, *, say: Callable[[str], None] | None = None) -> LedgerReport:
    """Do as ``build`` does, in a process of its own.

    Parameters
    ----------
    job, folder, say : as for ``build``

    Raises
    ------
    DataError, SettingsError
        As ``build``, and where the reader crashed: then the message names the file that was being read.
    """
    return _make_apart("build", job, folder, say)


def judge_apart(job: Job, folder: Path, *, say: Callable[[str], None] | None = None) -> LedgerReport:
    """Do as ``judge`` does, in a process of its own.

    Raises
    ------
    DataError, SettingsError
        As ``build_apart``.
    """
    return _make_apart("judge", job, folder, say)


def _make_apart(what: str, job: Job, folder: Path, say: Callable[[str], None] | None) -> LedgerReport:
    order = {
        "make": what,
        "settings": {**job.model_dump(mode="json", exclude_unset=True), "file": str(job.file)},
        "folder": str(folder),
        "language": job.language[0],
    }
    _do_apart(order, ", ".join(job.source), say)
    return read_report(folder)


def write_job_file_apart(file: Path, out: Path | None, *, say: Callable[[str], None] | None = None) -> str:
    """Do as ``write_job_file`` does, in a process of its own.

    Raises
    ------
    DataError, SettingsError
        As ``write_job_file``, and where the reader crashed.
    """
    return _do_apart({"inspect": [str(file), str(out) if out else None]}, str(file), say)


def _do_apart(order: dict[str, object], source: str, say: Callable[[str], None] | None) -> str:
    """Let a process of its own do what is ordered; return what it made, where that is a text."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        process = subprocess.Popen(
            interpreter.call("kalib.ledger.apart", "serve"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            encoding="utf-8",
            env=interpreter.environment() | {"PYTHONIOENCODING": "utf-8"},
        )
        try:
            ended, step = _listen(process, json.dumps(order), say)
        finally:
            _stop(process)
        if "refused" in ended:
            raise _restore(ended["refused"])
        if process.returncode:
            complaints.seek(0)
            raise _explain(process.returncode, source, step, complaints.read())
    return ended.get("made", "")


def _listen(process: subprocess.Popen[str], order: str, say: Callable[[str], None] | None) -> tuple[dict, str]:
    """Pass on what the process says; return the refusal or the text it ended with, and the last step it named."""
    ended, step = {}, ""
    try:
        process.stdin.write(order)
        process.stdin.close()
    except BrokenPipeError:  # it fell before it could listen
        pass
    for line in process.stdout:
        heard = json.loads(line)
        if "step" not in heard:
            ended = heard
        else:
            step = heard["step"]
            if say:
                say(step)
    process.wait()
    return ended, step


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    process.stdout.close()


def _restore(refused: dict) -> KalibError:
    """Return the refusal as the error that it was."""
    kind = getattr(errors, refused["kind"])
    if not issubclass(kind, DataError):
        return kind(refused["message"])
    where = {name: refused[name] for name in _WHERE}
    if "doubts" in refused:
        return errors.DoubtError(refused["message"], doubts=refused["doubts"], **where)
    return DataError(refused["message"], **where)


def _explain(code: int, source: str, step: str, complaints: str) -> Exception:
    if code > 0 and complaints.strip().rpartition("\n")[2].startswith("MemoryError"):  # too little even to say so
        from kalib.ledger.room import lack_of_memory

        return lack_of_memory("MemoryError")
    if code > 0:  # an error of kalib itself
        return RuntimeError(f"{source} could not be read:\n{complaints}")
    what = signal.Signals(-code).name
    remedy = (
        told("Perhaps the memory did not suffice: close what else runs, or read on a larger machine.")
        if -code == signal.SIGKILL
        else told("The file is damaged, or made to do harm. Export it anew from where it comes.")
    )
    said = {"source": source, "signal": what, "step": step, "remedy": remedy}
    reading = str(told("reading {file}", file=""))
    return DataError(
        told("{source}: the reader crashed ({signal}) while {step}. Nothing was written. {remedy}", **said)
        if step
        else told("{source}: the reader crashed ({signal}). Nothing was written. {remedy}", **said),
        rule="reader_crashed",
        file=step.removeprefix(reading) if step.startswith(reading) else None,
    )


def serve() -> None:
    """Build what stdin orders and tell each step, and a refusal, as a line of JSON."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no part of the account

    def tell(**facts: object) -> None:
        print(json.dumps(facts), file=channel, flush=True)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this says when to stop
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    order = json.load(sys.stdin)
    speak(order.get("language"))
    gc.disable()  # all that is imported stays to the end: nobody need look for what of it could go
    from kalib.ledger.room import told_shortage

    if "inspect" in order:
        from kalib.ledger.inspect import write_job_file
    else:
        from kalib.ledger import building
    gc.freeze()
    gc.set_threshold(_RARELY, 50, 100)
    gc.enable()
    try:
        with told_shortage():
            if "inspect" in order:
                paths = (path and Path(path) for path in order["inspect"])
                tell(made=write_job_file(*paths, say=lambda line: tell(step=line)))
            else:
                make = {"build": building.build, "judge": building.judge}[order["make"]]
                make(Job.model_validate(order["settings"]), Path(order["folder"]), say=lambda line: tell(step=line))
    except OSError as error:  # a folder that may not be written, a disk that fails
        tell(
            refused={
                "kind": "SettingsError",
                "message": str(told("{error}. Nothing was written.", error=error)),
                **dict.fromkeys(_WHERE),
            }
        )
    except KalibError as error:
        where = {name: getattr(error, name, None) for name in _WHERE}
        kind = "DataError" if isinstance(error, DataError) else type(error).__name__
        where |= {"doubts": error.doubts} if isinstance(error, errors.DoubtError) else {}
        tell(refused={"kind": kind, "message": str(error), **where})
