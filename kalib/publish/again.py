"""How does a notebook speak another language without computing again? Its kernel gives names what they had after a cell.

A cell tagged ``compute`` that showed nothing is not executed again; whatever shows is.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

COMPUTES = "compute"
"""The tag of a cell that makes what is the same in every language."""

Cells = Mapping[str, Mapping[str, object]]
"""Cells of a notebook by their ids."""

_OF_IPYTHON = re.compile(r"_+|_i+|_i?\d+|_[dio]h|In|Out|exit|quit|get_ipython|__\w+__")


class KeptNames:
    """What each cell of a kernel gave names to.

    Parameters
    ----------
    shell : the kernel's; gets this object as ``kept_names``
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._names = shell.user_ns
        self._before: dict[str, object] = {}
        self._filled: dict[str, dict | list | set] = {}
        self._made: dict[int, dict[str, object]] = {}
        self._added: dict[int, dict[str, dict | list | set]] = {}
        shell.kept_names = self
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)

    def restore(self, execution_count: int) -> None:
        """Give the names that the cell of that number gave something to the same again, and dicts and lists what it put in."""
        self._names.update(_apart(self._made[execution_count]))
        for name, entries in self._added[execution_count].items():
            there = self._names[name]
            there.extend(entries) if isinstance(entries, list) else there.update(entries)

    def _begin(self, info: ExecutionInfo) -> None:
        self._before = dict(self._names)
        self._filled = {name: copy.copy(value) for name, value in self._own() if isinstance(value, dict | list | set)}

    def _end(self, result: ExecutionResult) -> None:
        before, missing = self._before, object()
        made = {name: value for name, value in self._own() if before.get(name, missing) is not value}
        added = {
            n: _find_added(then, self._names[n]) for n, then in self._filled.items() if n in before and n not in made
        }
        self._made[result.execution_count] = _apart(made)
        self._added[result.execution_count] = {name: entries for name, entries in added.items() if entries}

    def _own(self) -> list[tuple[str, object]]:
        return [(name, value) for name, value in self._names.items() if not _OF_IPYTHON.fullmatch(name)]


def _find_added(then: dict | list | set, now: dict | list | set) -> dict | list | set:
    """Return what was put in since; of a list what stands behind its old end."""
    if isinstance(now, dict):
        missing = object()
        return {key: value for key, value in now.items() if then.get(key, missing) is not value}
    return now[len(then) :] if isinstance(now, list) else now - then


def _apart(made: Mapping[str, object]) -> dict[str, object]:
    """Return the same values, so that a later cell which puts something into a dict or a table does not change these."""
    changeable = (dict, list, set, pd.DataFrame, pd.Series)
    return {name: copy.copy(value) if isinstance(value, changeable) else value for name, value in made.items()}


def leave_out(executed: Path, notebook: Path, to: Path) -> Cells:
    """Write a notebook in which the cells that need not be executed again restore their names.

    Parameters
    ----------
    executed : the notebook as the kernel executed it
    notebook : as it was before
    to : the file to write

    Returns
    -------
    The cells left out, as they were executed.
    """
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    silent = [cell for cell in cells if COMPUTES in cell["metadata"].get("tags", ()) and not cell["outputs"]]
    stays = {cell["id"]: cell for cell in silent if cell.get("execution_count")}
    content = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell.get("id") in stays:
            cell["source"] = f"get_ipython().kept_names.restore({stays[cell['id']]['execution_count']})"
    to.write_text(json.dumps(content), encoding="utf-8")
    return stays
