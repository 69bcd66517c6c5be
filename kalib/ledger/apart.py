"""What if a data file brings the reader down? The ledger is built in a process of its own, so that a crash is a message."""

from __future__ import annotations

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
from kalib.ledger import LedgerReport, build, read_report
from kalib.settings import Job

_WHERE = ("rule", "file", "line", "column", "value")
_PATIENCE = 5
"""Seconds that a process has to clear away after itself when it is stopped."""


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
    order = {
        "settings": {**job.model_dump(mode="json", exclude_unset=True), "file": str(job.file)},
        "folder": str(folder),
    }
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
            failed, step = _listen(process, json.dumps(order), say)
        finally:
            _stop(process)
        if failed:
            raise _restore(failed)
        if process.returncode:
            complaints.seek(0)
            raise _explain(process.returncode, job, step, complaints.read())
    return read_report(folder)


def _listen(process: subprocess.Popen[str], order: str, say: Callable[[str], None] | None) -> tuple[dict | None, str]:
    """Pass on what the process says; return the refusal it ended with, and the last step it named."""
    failed, step = None, ""
    try:
        process.stdin.write(order)
        process.stdin.close()
    except BrokenPipeError:  # it fell before it could listen
        pass
    for line in process.stdout:
        told = json.loads(line)
        if "refused" in told:
            failed = told["refused"]
        else:
            step = told["step"]
            if say:
                say(step)
    process.wait()
    return failed, step


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
    return DataError(refused["message"], **{name: refused[name] for name in _WHERE})


def _explain(code: int, job: Job, step: str, complaints: str) -> Exception:
    if code > 0:  # an error of kalib itself
        return RuntimeError(f"the ledger of {job.job} could not be built:\n{complaints}")
    what = signal.Signals(-code).name
    during = f" while {step}" if step else ""
    remedy = (
        "Perhaps the memory did not suffice: close what else runs, or read on a larger machine."
        if -code == signal.SIGKILL
        else "The file is damaged, or made to do harm. Export it anew from where it comes."
    )
    return DataError(
        f"{', '.join(job.source)}: the reader crashed ({what}){during}. Nothing was written. {remedy}",
        rule="reader_crashed",
        file=step.removeprefix("reading ") if step.startswith("reading ") else None,
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
    try:
        build(Job.model_validate(order["settings"]), Path(order["folder"]), say=lambda line: tell(step=line))
    except KalibError as error:
        where = {name: getattr(error, name, None) for name in _WHERE}
        kind = "DataError" if isinstance(error, DataError) else type(error).__name__
        tell(refused={"kind": kind, "message": str(error), **where})
