"""How is JupyterLab started? By this Python, on a folder of notebooks, with the options that it is given."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

_AS_ROOT = "--allow-root"


def lab_command(notebooks: Path, options: Sequence[str] = ()) -> list[str]:
    """Return the command that opens JupyterLab.

    Root, whom a container often has for its only user, is let in: else Jupyter refuses to start.

    Parameters
    ----------
    notebooks : the folder to open
    options : of JupyterLab's own, as they are, such as ``["--port", "9999", "--ip", "0.0.0.0"]``

    Examples
    --------
    >>> lab_command(Path("notebooks"), ["--port", "9999"])[1:6]
    ['-m', 'jupyterlab', 'notebooks', '--port', '9999']
    """
    command = [sys.executable, "-m", "jupyterlab", str(notebooks), *options]
    told = any(option.partition("=")[0] in (_AS_ROOT, "--ServerApp.allow_root") for option in options)
    return command if told or not _is_root() else [*command, _AS_ROOT]


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
