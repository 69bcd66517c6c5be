"""How does a kernel start without waiting for imports? It is forked from a process that has done them once.

The server imports what notebooks import and computes nothing: forking after a thread pool has started would hang. A
kernel's connection to the server stands for its life: when the one ends, the other does.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from contextlib import suppress

IMPORTS = (
    "IPython.core.completer",
    "kalib.ledger.past",
    "kalib.publish.models",
    "kalib.publish.workbook",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "pyarrow.parquet",
    "sklearn.cluster",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.pipeline",
)

_OPTIONS = ("--HistoryManager.enabled=False", "--InteractiveShellApp.exec_PYTHONSTARTUP=False")
"""A notebook's kernel knows nothing of what its user typed elsewhere, and runs no file of theirs."""


def serve() -> None:
    """Import, and fork a kernel for each connection to the socket of that number, until stdin is closed."""
    application = _import(*IMPORTS)
    words = importlib.import_module("kalib.words")
    for language in words.LANGUAGES:
        words.read_words(language)
    listener = socket.socket(fileno=int(sys.argv[1]))
    gc.freeze()  # what is shared stays shared: the collector would write to it
    kernels: dict[int, socket.socket] = {}
    waiting = selectors.DefaultSelector()  # `select` knows no file of a number above 1023, and `listening` may be one
    for file in (0, listener):
        waiting.register(file, selectors.EVENT_READ)
    while True:
        readable = {key.fileobj for key, _ in waiting.select(0.2)}
        if 0 in readable:
            break
        if listener in readable:
            connection, _ = listener.accept()
            with connection.makefile("r", encoding="utf-8") as lines:
                asked = json.loads(lines.readline())
            pid = os.fork()
            if pid == 0:
                for other in (waiting, listener, connection, *kernels.values()):
                    other.close()
                os.setsid()
                os.environ.clear()
                os.environ.update(asked["environment"])
                # so that it ends when the server is gone
                _become_kernel(
                    application, asked["folder"], asked["file"], f"--IPKernelApp.parent_handle={os.getppid()}"
                )
            connection.sendall(f"{pid}\n".encode())
            kernels[pid] = connection
            waiting.register(connection, selectors.EVENT_READ)
        _reap(kernels, readable, waiting)
    for pid in kernels:
        _kill(pid)


def _kill(pid: int) -> None:
    for kill in (os.killpg, os.kill):  # with what it started; alone, while it has no group of its own yet
        with suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)


def _reap(kernels: dict[int, socket.socket], readable: set, waiting: selectors.BaseSelector) -> None:
    """Forget kernels that ended; end those whose keeper left."""
    for pid, connection in list(kernels.items()):
        if connection in readable:
            _kill(pid)
        ended, _ = os.waitpid(pid, 0 if connection in readable else os.WNOHANG)
        if ended:
            waiting.unregister(connection)
            kernels.pop(pid).close()


def be_one() -> None:
    """Be the one kernel of this process: the folder to work in and the connection file are its arguments.

    It starts in another folder and goes there with matplotlib imported, which takes a ``matplotlibrc`` from where it is.
    """
    folder, file = sys.argv[1:]
    _become_kernel(_import("matplotlib"), folder, file)


def _import(*names: str) -> type:
    """Import what a kernel needs from where this process started; return the kernel's application."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from ipykernel.kernelapp import IPKernelApp

    for name in ("kalib.publish.again", *names):
        importlib.import_module(name)
    return IPKernelApp


def _become_kernel(application: type, folder: str, file: str, *options: str) -> None:
    os.chdir(folder)
    sys.argv = ["kernel"]
    app = application.instance()
    app.initialize(["-f", file, *_OPTIONS, *options])
    if os.environ.get("KALIB_AGAIN"):
        from kalib.publish.again import KeptNames

        KeptNames(app.shell)
    app.start()
    os._exit(0)


def keep(address: str, folder: str, file: str) -> None:
    """Ask the server for a kernel and stay as long as it lives: for a kernel manager, this process is the kernel."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    asked = {"file": file, "environment": dict(os.environ), "folder": folder}
    connection.sendall(json.dumps(asked).encode() + b"\n")
    with connection.makefile("r", encoding="utf-8") as lines:
        kernel = int(lines.readline())
        with open(f"{file}.pid", "w", encoding="utf-8") as mark:
            mark.write(str(kernel))
        signal.signal(signal.SIGINT, lambda number, frame: os.kill(kernel, signal.SIGINT))
        lines.readline()  # comes back when the server closes it, because the kernel ended


if __name__ == "__main__":
    keep(*sys.argv[1:])
