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
    "kalib.ledger",
    "kalib.publish.workbook",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "pyarrow.parquet",
    "sklearn.cluster",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.pipeline",
)


def serve(listening: int) -> None:
    """Import, and fork a kernel for each connection to the socket ``listening``, until stdin is closed."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from ipykernel.kernelapp import IPKernelApp

    listener = socket.socket(fileno=listening)
    for name in IMPORTS:
        importlib.import_module(name)
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
                _become_kernel(asked, IPKernelApp)
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


def _become_kernel(asked: dict, application: type) -> None:
    os.setsid()
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.argv = ["kernel"]
    app = application.instance()
    parent = f"--IPKernelApp.parent_handle={os.getppid()}"  # so that it ends when the server is gone
    app.initialize(["-f", asked["file"], "--HistoryManager.enabled=False", parent])
    app.start()
    os._exit(0)


def keep(address: str, file: str) -> None:
    """Ask the server for a kernel and stay as long as it lives: for a kernel manager, this process is the kernel."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    asked = {"file": file, "environment": dict(os.environ), "folder": os.getcwd()}
    connection.sendall(json.dumps(asked).encode() + b"\n")
    with connection.makefile("r", encoding="utf-8") as lines:
        kernel = int(lines.readline())
        with open(f"{file}.pid", "w", encoding="utf-8") as mark:
            mark.write(str(kernel))
        signal.signal(signal.SIGINT, lambda number, frame: os.kill(kernel, signal.SIGINT))
        lines.readline()  # comes back when the server closes it, because the kernel ended


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    else:
        keep(sys.argv[2], sys.argv[3])
