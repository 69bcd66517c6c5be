"""Did the work fail for want of disk or memory? Then no file is to blame, and one message says what to make room for."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from kalib.errors import ShortageError
from kalib.words.told import told

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SAID = (*map(os.strerror, _DISK), "max_temp_directory_size")
"""What libraries write who pass on the system's words, and not its number."""


def lack_of_disk(said: str) -> ShortageError:
    """Return the refusal of work for which a disk has no room."""
    return ShortageError(
        told(
            "there is no room left on a disk ({said}). Nothing was written. Make room, or name another place: `--out` for the "
            "reports, the environment's TMPDIR for what is only passed through.",
            said=said,
        )
    )


def lack_of_memory(said: str) -> ShortageError:
    """Return the refusal of work for which the memory did not suffice."""
    return ShortageError(
        told(
            "the memory did not suffice ({said}). Nothing was written. Close what else runs, read on a larger machine, or "
            "read less at once.",
            said=said,
        )
    )


def find_shortage(error: BaseException) -> ShortageError | None:
    """Return the refusal that an error stands for, if disk or memory ran out; None if it means something else.

    Examples
    --------
    >>> print(find_shortage(OSError(errno.ENOSPC, "No space left on device", "days.parquet")))
    there is no room left on a disk ([Errno 28] No space left on device: 'days.parquet'). Nothing was written. ...
    >>> print(find_shortage(FileNotFoundError(errno.ENOENT, "No such file or directory")))
    None
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    said = lines[0][:300].rstrip(".")
    if getattr(error, "errno", None) in _DISK or any(words in str(error) for words in _SAID):
        return lack_of_disk(said)
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException) or getattr(error, "errno", None) == errno.ENOMEM:
        return lack_of_memory(said)
    return None


@contextmanager
def told_shortage() -> Iterator[None]:
    """Turn a full disk or a lack of memory in the block into its refusal.

    Raises
    ------
    ShortageError
        In place of what DuckDB or the system raised.
    """
    try:
        yield
    except (duckdb.Error, MemoryError, OSError) as error:
        short = find_shortage(error)
        if short is None:
            raise
        raise short from None
