"""Did a notebook run to its end? Executes it in a kernel of its own and trusts nothing that papermill says about it."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

# jsonschema compiles the grammars of rfc3987_syntax for 2.5 s on import, for a URI check that nobody uses here.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import papermill  # noqa: E402
from jupyter_client.asynchronous import AsyncKernelClient  # noqa: E402
from jupyter_client.manager import AsyncKernelManager  # noqa: E402
from jupyter_core.utils import ensure_event_loop  # noqa: E402
from nbclient.exceptions import CellControlSignal, DeadKernelError  # noqa: E402
from nbformat import NotebookNode  # noqa: E402
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines  # noqa: E402
from papermill.exceptions import PapermillException, PapermillExecutionError  # noqa: E402

from kalib import interpreter  # noqa: E402
from kalib.errors import NotebookError  # noqa: E402
from kalib.publish import warm  # noqa: E402
from kalib.publish.again import Cells, leave_out  # noqa: E402
from kalib.publish.plan import Literal, Notebook  # noqa: E402
from kalib.words.told import told  # noqa: E402

SOCKET_PATH = 70
"""Longest folder name that leaves room for a socket's name: the system allows 104 to 108 characters in all."""
MANY = 3
"""From so many notebooks on it pays to do all imports once."""
START_SECONDS = 300
"""A kernel waits for the imports of the process it is forked from, on a busy machine with a cold disk."""
STILL_SECONDS = 300
"""A kernel that computes nothing for so long within a cell has lost its answer: where memory ran out, it may live on so."""
STILL_SHARE = 0.01
"""A kernel that only waits for messages uses less of a processor than this."""
LOOK_SECONDS = 5
_ENVIRONMENT = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "OMP_WAIT_POLICY": "PASSIVE",  # else threads that wait burn the core that another notebook needs
    "PYTHONHASHSEED": "0",
}


Editions = Mapping[Path, Mapping[str, Literal]]
"""Files to write, each with the values for the ``parameters`` cell."""


class _SavesOnce(NBClientEngine):
    """papermill's engine, without a file written before and after each cell."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        log_output: bool = False,
        stdout_file: TextIO | None = None,
        stderr_file: TextIO | None = None,
        start_timeout: int = START_SECONDS,
        execution_timeout: int | None = None,
        *,
        km: _Manager,
        input_path: str = "",
    ) -> NotebookNode:
        """Execute as papermill asks; its manager writes the file when all is done or has failed."""
        output, nb_man.output_path = nb_man.output_path, None
        files = (log_output, stdout_file, stderr_file)
        try:
            return super().execute_managed_notebook(
                nb_man, kernel_name, *files, start_timeout, execution_timeout, km=km, input_path=input_path
            )
        finally:
            nb_man.output_path = output


papermill_engines.register(_SavesOnce.__name__, _SavesOnce)


class _Client(AsyncKernelClient):
    """A kernel's client that its manager knows of."""

    def start_channels(
        self, shell: bool = True, iopub: bool = True, stdin: bool = True, hb: bool = True, control: bool = True
    ) -> None:
        self.parent.clients.append(self)
        super().start_channels(shell, iopub, stdin, hb, control)

    async def is_alive(self) -> bool:
        """Say whether the kernel lives and works; asked every second while a cell runs."""
        return await super().is_alive() and not self.parent.look()


class _Manager(AsyncKernelManager):
    """A kernel's manager that can close what was opened to talk to it: papermill leaves that to nobody."""

    clients: list[_Client]
    still_seconds: float = STILL_SECONDS
    is_forked = False
    stands_still = False
    _looked: tuple[float, float] | None = None  # when it was last seen to compute, and its processor seconds then
    _next_look = 0.0

    def look(self) -> bool:
        """Say whether the kernel has stood still for too long."""
        now = time.monotonic()
        if now < self._next_look:
            return self.stands_still
        self._next_look = now + min(LOOK_SECONDS, self.still_seconds)
        used = _processor_seconds(self._kernel)
        if used is None:
            return False
        since, before = self._looked or (now, used)
        if self._looked is None or used - before > STILL_SHARE * max(now - since, 1):
            self._looked = (now, used)
        self.stands_still = now - self._looked[0] >= self.still_seconds
        return self.stands_still

    @property
    def _kernel(self) -> int | None:
        """Return the kernel's process, which its keeper names as soon as there is one."""
        named = Path(f"{self.connection_file}.pid")
        if named.is_file():
            return int(named.read_text(encoding="utf-8") or 0) or None
        return None if self.is_forked else self.provisioner.pid

    def close(self) -> None:
        """End the kernel and close every socket, and the event loop that papermill used."""
        loop = ensure_event_loop()
        loop.run_until_complete(self.shutdown_kernel(now=True))
        for client in self.clients:
            client.stop_channels()
            client.context.destroy(linger=0)
        loop.close()


def _processor_seconds(group: int | None) -> float | None:
    """Return the processor time of a group of processes; None where there is none yet, or the system does not tell."""
    if group is None or not Path("/proc/self/stat").is_file():
        return None
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[2]) == group:
                ticks += sum(map(int, fields[11:15]))  # of children that ended too
    return ticks / os.sysconf("SC_CLK_TCK")


class Kernels:
    """Kernels for notebooks, each used for one; none outlives the ``with`` block.

    Where many are ``expected`` they are forked from one process that has imported what notebooks import (see
    kalib.publish.warm; Linux only).
    """

    def __init__(
        self, *, folder: Path, expected: int = 1, cell_seconds: int = 1800, still_seconds: float = STILL_SECONDS
    ) -> None:
        self.folder, self.expected, self.cell_seconds = folder, expected, cell_seconds
        self.still_seconds = still_seconds
        self._running: set[_Manager] = set()
        self._stopped = False
        self._lock = threading.Lock()
        self._scratch = Path(tempfile.mkdtemp(prefix="kalib-"))
        self._warm: subprocess.Popen | None = None

    def __enter__(self) -> Kernels:
        if sys.platform == "linux" and self._is_short and self.expected >= MANY:
            with socket.socket(socket.AF_UNIX) as listener:  # who connects early waits for the imports
                listener.bind(str(self._scratch / "warm"))
                listener.listen()
                self._warm = subprocess.Popen(
                    interpreter.call(warm.__name__, "serve", str(listener.fileno())),
                    stdin=subprocess.PIPE,  # its end ends it, even when this process is killed
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=[listener.fileno()],
                    cwd=self._scratch,
                    env=interpreter.environment() | _ENVIRONMENT,
                    start_new_session=True,
                )
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._warm is not None:
            self._warm.stdin.close()
            self._warm.wait()
        shutil.rmtree(self._scratch, ignore_errors=True)

    @property
    def _is_short(self) -> bool:
        return len(str(self._scratch)) < SOCKET_PATH

    def execute(
        self,
        notebook: Notebook,
        *,
        parameters: Mapping[str, Literal],
        output: Path,
        again: Editions = MappingProxyType({}),
    ) -> None:
        """Execute a notebook and write it, as executed, to ``output``; show it again in the same kernel where asked.

        Parameters
        ----------
        notebook : what to execute
        parameters : values for its ``parameters`` cell
        output : file to write
        again : further files, each with its parameters, as for another language. Cells tagged ``compute`` that showed
            nothing the first time are not executed again: what they made is there

        Raises
        ------
        NotebookError
            If a cell raises, does not end in time, ends the kernel or leaves cells unrun; names notebook, cell and line.
        """
        scratch = Path(tempfile.mkdtemp(dir=self._scratch))
        manager = self._start(notebook, scratch, again=bool(again))
        try:
            self._execute(notebook, notebook.file, parameters, output, manager)
            shows = scratch / notebook.file.name
            stays = leave_out(output, notebook.file, shows) if again else {}
            for page, own in again.items():
                self._execute(notebook, shows, own, page, manager, stays=stays)
        finally:
            self._end(manager)
            shutil.rmtree(scratch, ignore_errors=True)

    def _execute(
        self,
        notebook: Notebook,
        file: Path,
        parameters: Mapping[str, Literal],
        output: Path,
        manager: _Manager,
        *,
        stays: Cells = MappingProxyType({}),
    ) -> None:
        """Execute a file in a kernel; put back what ``stays`` of another execution; raise what went wrong."""
        output.parent.mkdir(parents=True, exist_ok=True)
        stopped = ""
        try:
            papermill.execute_notebook(
                file,
                output,
                parameters=dict(parameters),
                engine_name=_SavesOnce.__name__,
                kernel_name="python3",
                progress_bar=False,
                km=manager,
                execution_timeout=self.cell_seconds,
                start_timeout=START_SECONDS,
            )
        except TimeoutError as error:
            stopped = _LOST if "IOPub" in str(error) else f"did not end within {self.cell_seconds} s"
        except DeadKernelError:
            stopped = _STILL.format(seconds=self.still_seconds) if manager.stands_still else _DIED
        except PapermillExecutionError as error:
            stopped = _say_error(error.ename, error.evalue)
        except (PapermillException, CellControlSignal, RuntimeError, OSError) as error:
            stopped = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        _tidy(output, notebook, stays)
        trouble = find_trouble(output, stopped)
        if trouble:
            raise NotebookError(told("{name}, {trouble}", name=notebook.name, trouble=trouble))

    def stop(self) -> None:
        """End every kernel at once; no new one starts."""
        with self._lock:
            self._stopped = True
            for manager in self._running:
                with suppress(ProcessLookupError):
                    os.killpg(manager.provisioner.pgid, signal.SIGKILL)

    def _start(self, notebook: Notebook, scratch: Path, *, again: bool) -> _Manager:
        manager = _Manager(  # with the other one, a dead kernel is never noticed
            kernel_name="python3",
            client_factory=_Client,
            transport="ipc" if self._is_short and sys.platform != "win32" else "tcp",
            connection_file=str(scratch / "kernel.json"),
        )
        manager.clients = []
        manager.still_seconds = self.still_seconds
        # This Python, whatever kernel of that name the user has installed; no history file, no startup files of theirs.
        manager.is_forked = self._warm is not None and self._warm.poll() is None
        if manager.is_forked:
            command = [sys.executable, "-I", "-S", warm.__file__, str(self._scratch / "warm"), str(self.folder)]
        else:
            command = interpreter.call(warm.__name__, "be_one", str(self.folder))
        manager.kernel_spec.argv = [*command, "{connection_file}"]
        about = {"KALIB_NOTEBOOK": notebook.name, "IPYTHONDIR": str(scratch / "ipython")}
        about |= {"KALIB_AGAIN": "1"} if again else {}
        with self._lock:
            if self._stopped:
                raise NotebookError(told("{name} was not started: the run was stopped.", name=notebook.name))
            start = manager.start_kernel(
                env=interpreter.environment() | _ENVIRONMENT | about,
                cwd=str(scratch),
                stdout=subprocess.DEVNULL,  # ours is for results; what cells print goes into the notebook
                stderr=subprocess.DEVNULL,
            )
            ensure_event_loop().run_until_complete(start)  # the loop that papermill will use
            self._running.add(manager)
        return manager

    def _end(self, manager: _Manager) -> None:
        with self._lock:
            self._running.remove(manager)
        manager.close()


_DIED = "ended the kernel (killed from outside, often because memory ran out, or a crash in compiled code)"


_STILL = (
    "has computed nothing for {seconds:.0f} s and gives no answer, as a kernel does whose memory ran out. Close what else "
    "runs, or run on a larger machine"
)
_LOST = "lost its answer, as a kernel does whose memory ran out. Close what else runs, or run on a larger machine"


def _say_error(name: str, said: str) -> str:
    """Return what a cell raised in one line, and what to do where memory ran out."""
    first = f"{name}: {(said.strip().splitlines() or [''])[0]}".rstrip(": ")
    if name == "CellExecutionError" and not said:  # what papermill says of a cell that raised and left no error
        return _LOST
    if "MemoryError" in name or name == "OutOfMemoryException":
        return f"the memory did not suffice ({first}). Close what else runs, or run on a larger machine"
    return first


def _tidy(output: Path, notebook: Notebook, stays: Cells) -> None:
    """Put the cells that ``stays`` back into an executed notebook; take the folders of this machine and the run's out.

    Opened by hand later, it works on the draft. A warning and a stack trace name the file that they come from: it is told
    from its package on.
    """
    try:
        content = json.loads(output.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    content["cells"] = [stays.get(cell.get("id"), cell) for cell in content["cells"]]
    for cell in content["cells"]:
        if "outputs" in cell:
            cell["outputs"] = _without(cell["outputs"], _folders_of_code())
    about = content["metadata"].get("papermill", {})
    about.update(input_path=notebook.file.name, output_path=output.name)
    about.get("parameters", {}).update(run="")
    for cell in content["cells"]:
        if "injected-parameters" in cell["metadata"].get("tags", []):
            lines = "".join(cell["source"]).splitlines(keepends=True)
            cell["source"] = ['run = ""\n' if line.startswith("run = ") else line for line in lines]
    output.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _folders_of_code() -> list[str]:
    """Return the folders that modules are imported from, the deepest first; also as a stack trace shortens them."""
    folders = {path for path in (*sys.path, interpreter.ROOT, sys.prefix, sys.base_prefix) if os.path.isabs(path)}
    folders |= {os.path.realpath(path) for path in folders}
    home = str(Path.home())
    folders |= {"~" + path.removeprefix(home) for path in folders if path.startswith(home + os.sep)}
    return sorted(folders - {os.sep, home}, key=len, reverse=True)


def _without(outputs: object, folders: Sequence[str]) -> object:
    """Return a notebook's outputs with the paths below these folders told from there on."""
    if isinstance(outputs, str):
        for folder in folders:
            outputs = outputs.replace(folder + os.sep, "")
        return outputs
    if isinstance(outputs, list):
        return [_without(part, folders) for part in outputs]
    if isinstance(outputs, dict):
        return {name: _without(part, folders) for name, part in outputs.items()}
    return outputs


def find_trouble(output: Path, stopped: str = "") -> str:
    """Find out from an executed notebook whether it ran to its end.

    Parameters
    ----------
    output : the executed notebook
    stopped : why it was stopped from outside

    Returns
    -------
    Which cell did not end and why; empty if all did.
    """
    try:
        cells = json.loads(output.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError):
        return f"before its first cell: {stopped or 'nothing was written'}"
    mine = [cell for cell in cells if not _ADDED & set(cell["metadata"].get("tags", []))]
    numbered = [(at, cell) for at, cell in enumerate(mine, 1) if "".join(cell["source"]).strip()]
    code = [(at, cell) for at, cell in numbered if cell["cell_type"] == "code"]
    begun = [(at, cell) for at, cell in code if cell["metadata"].get("papermill", {}).get("start_time")]
    for at, cell in code:
        for output_ in cell["outputs"]:
            if output_["output_type"] == "error":
                if output_["ename"] == "SystemExit":
                    left = f"left by sys.exit({output_['evalue']})"
                    return f"{_name(at, cell)}: {left}; a notebook must run to its last cell"
                line = find_line(output_.get("traceback", ()))
                return f"{_name(at, cell, line)}: {_say_error(output_['ename'], output_['evalue'])}"
    if stopped:
        return f"{_name(*begun[-1])}: {stopped}" if begun else f"before its first cell: {stopped}"
    for at, cell in code:
        if cell["execution_count"] is None:
            return f"{_name(at, cell)}: was not run"
    return ""


_ADDED = {"injected-parameters", "papermill-error-cell-tag"}


def find_line(traceback: Sequence[str]) -> int | None:
    """Find in a stack trace of IPython the line of the cell that raised; None where it does not tell.

    Examples
    --------
    >>> find_line(["ValueError  Traceback", "Cell In[3], line 2\\n      1 a = 1\\n----> 2 check(a)", "File desk.py:9, in check(a)"])
    2
    """
    last = _CHAIN.split(_COLOUR.sub("", "\n".join(traceback)))[-1]  # an error raised while another was handled
    found = _CELL_LINE.search(last)
    return int(found[1]) if found else None


_CELL_LINE = re.compile(r"Cell In\s*\[\d+\], line (\d+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CHAIN = re.compile(r"During handling of the above exception|The above exception was the direct cause")


def _name(at: int, cell: Mapping[str, object], line: int | None = None) -> str:
    """Name a cell by its number, and by the line that raised or else its first one."""
    lines = "".join(cell["source"]).splitlines()
    if line is not None and line <= len(lines) and lines[line - 1].strip():
        return f"cell {at}, line {line} (`{lines[line - 1].strip()[:80]}`)"
    first = next(text.strip() for text in lines if text.strip())
    return f"cell {at} (`{first[:80]}`)"


# papermill says every step of its own; what a reader needs, the runner says.
for talker in ("papermill", "traitlets"):
    logging.getLogger(talker).setLevel(logging.CRITICAL)
