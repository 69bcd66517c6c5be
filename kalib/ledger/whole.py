"""How is a file written so that nobody ever reads half of it? Beside its place first, then put there in one step."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def write_whole(file: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` write a file beside ``file``, then put it in its place in one step."""
    beside = file.with_name(f".{file.name}-{os.getpid()}")
    try:
        write(beside)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
