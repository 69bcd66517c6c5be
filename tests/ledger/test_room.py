"""Is a lack of disk or memory told from what is wrong with a file, whoever says it?"""

from __future__ import annotations

import errno

import duckdb
import pytest

from kalib.errors import ShortageError
from kalib.ledger.room import find_shortage, told_shortage

OFFLOAD = (
    "Out of Memory Error: failed to offload data block of size 32 KiB (1 MiB/1 MiB used), see 'max_temp_directory_size'"
)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no room left on a disk"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "no room left on a disk"),
        (duckdb.IOException('Could not write file "x": No space left on device'), "no room left on a disk"),
        (duckdb.OutOfMemoryException(OFFLOAD), "no room left on a disk"),
        (duckdb.OutOfMemoryException("Out of Memory Error: could not allocate"), "memory did not suffice"),
        (MemoryError(), r"memory did not suffice \(MemoryError\)"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "memory did not suffice"),
    ],
)
def test_a_shortage_is_told(error: Exception, said: str) -> None:
    with pytest.raises(ShortageError, match=said), told_shortage():
        raise error


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "Permission denied"), duckdb.IOException("no such file")])
def test_other_trouble_is_left_alone(error: Exception) -> None:
    assert find_shortage(error) is None
    with pytest.raises(type(error)), told_shortage():
        raise error
