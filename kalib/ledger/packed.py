"""What is in this archive? Unpacks gzip and zip into scratch, counting every byte, under names of its own."""

from __future__ import annotations

import gzip
import lzma
import shutil
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from kalib.errors import DataError, KalibError
from kalib.ledger.room import find_shortage
from kalib.ledger.source import Input, Note, shown
from kalib.words.told import Told, told

LARGEST = 64 << 30
"""No archive may hold more bytes than this; a billion order lines do."""
LARGEST_WORKBOOK = 4 << 30
RATIO, RATIO_FROM = 250, 64 << 20
"""Order lines shrink to a tenth; what grows more than this many times, past so many bytes, is no order log."""
ROOM = 256 << 20
"""So much must stay free where things are unpacked."""
MOST_MEMBERS = 10_000
PIECE = 1 << 20
ARCHIVES = (".zip", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz", ".zst", ".tar")
_BROKEN = (
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ValueError,
    OSError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
)


class _TooLarge(Exception):
    """Raised where an archive grows past what it may."""


def is_workbook(given: Input) -> bool:
    """Say whether a zip file is a workbook: .xlsx, .xlsm or .ods, whatever it is called.

    Raises
    ------
    DataError
        A damaged file.
    """
    try:
        with zipfile.ZipFile(given.file) as archive:
            names = set(archive.namelist())
            kind = b""
            if "mimetype" in names:
                with archive.open("mimetype") as stream:
                    kind = stream.read(100)
    except _BROKEN as error:
        raise _damaged(given, error) from None
    return "xl/workbook.xml" in names or kind.startswith(b"application/vnd.oasis.opendocument.spreadsheet")


def unpack_gzip(given: Input, scratch: Path) -> Input:
    """Unpack a gzip file, of one member or several, into scratch.

    Raises
    ------
    DataError
        A damaged file, one that grows too large, or one that holds another archive.
    """
    target = _new_file(scratch)
    try:
        with given.file.open("rb") as packed, gzip.GzipFile(fileobj=packed) as stream, target.open("wb") as copy:
            _copy(stream, copy, given.file.stat().st_size, LARGEST)
    except _TooLarge as error:
        raise _too_large(given, str(error)) from None
    except _BROKEN as error:
        raise _damaged(given, error) from None
    return _checked(Input(given.path, target, given.name, given.label))


def unpack_zip(given: Input, scratch: Path, endings: Sequence[str]) -> tuple[list[Input], list[Note]]:
    """Unpack the members of a zip file that can be read into scratch; and say which were left out.

    Raises
    ------
    DataError
        A file that is damaged or locked, that grows too large, that holds another archive or nothing that is read.
    """
    found, notes = [], []
    try:
        with zipfile.ZipFile(given.file) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > MOST_MEMBERS:
                raise _TooLarge(
                    told("it has {count:,} members, more than {most:,}", count=len(members), most=MOST_MEMBERS)
                )
            left, size = LARGEST, given.file.stat().st_size
            for member in members:
                name = _name(member)
                inner = Input(given.path, given.file, f"{given.name}/{name}", f"{given.label}/{name}")
                if _is_hidden(name) or not name.lower().endswith((*endings, *ARCHIVES)):
                    notes.append(Note("member_left_out", given.name, value=shown(name)))
                    continue
                if name.lower().endswith(ARCHIVES):
                    raise _nested(inner)
                if member.flag_bits & 1:
                    raise _locked(inner)
                target = _new_file(scratch)
                with archive.open(member) as stream, target.open("wb") as copy:
                    left -= _copy(stream, copy, size, left)
                found.append(_checked(Input(given.path, target, inner.name, inner.label)))
    except _TooLarge as error:
        raise _too_large(given, str(error)) from None
    except _BROKEN as error:
        raise _damaged(given, error) from None
    if not found:
        raise DataError(
            told(
                "{label}: nothing in the archive is a table that is read ({endings}).",
                label=given.label,
                endings=", ".join(endings),
            ),
            rule="file_empty",
            file=given.name,
        )
    return sorted(found, key=lambda one: one.name), notes


def check_members(given: Input) -> None:
    """Unpack a workbook to nowhere, and refuse one that grows too large.

    Raises
    ------
    DataError
        A damaged file, or a bomb.
    """
    try:
        with zipfile.ZipFile(given.file) as archive:
            left, size = LARGEST_WORKBOOK, given.file.stat().st_size
            for member in archive.infolist():
                if member.flag_bits & 1:
                    raise _locked(given)
                with archive.open(member) as stream:
                    left -= _copy(stream, None, size, left)
    except _TooLarge as error:
        raise _too_large(given, str(error)) from None
    except _BROKEN as error:
        raise _damaged(given, error) from None


def _copy(stream: BinaryIO, copy: BinaryIO | None, packed: int, most: int) -> int:
    done = 0
    while piece := stream.read(PIECE):
        done += len(piece)
        if done > most:
            raise _TooLarge(told("it holds more than {most:.0f} GiB", most=most / (1 << 30)))
        if done > RATIO_FROM and done > RATIO * packed:
            raise _TooLarge(told("it grows more than {times} times when it is unpacked", times=RATIO))
        if copy is not None:
            if done % (PIECE * 64) < len(piece) and shutil.disk_usage(copy.name and Path(copy.name).parent).free < ROOM:
                raise _TooLarge(told("there is no room on the disk to unpack it"))
            copy.write(piece)
    return done


def _new_file(scratch: Path) -> Path:
    """Return a path in scratch that no name from an archive has a part in."""
    folder = scratch / "unpacked"
    folder.mkdir(exist_ok=True)
    return folder / f"{sum(1 for _ in folder.iterdir()):06}"


def _name(member: zipfile.ZipInfo) -> str:
    """Return a member's name as it was written: Windows in China writes GBK and does not say so."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        written = member.filename.encode("cp437")
    except UnicodeEncodeError:
        return member.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return written.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename


def _is_hidden(name: str) -> bool:
    return any(
        part.startswith(".") or part == "__MACOSX"
        for part in name.replace("\\", "/").split("/")
        if part not in (".", "..")
    )


def _checked(inner: Input) -> Input:
    """Return a member that was unpacked, unless it is an archive itself."""
    with inner.file.open("rb") as stream:
        head = stream.read(300)
    if head.startswith(b"\x1f\x8b") or head[257:262] == b"ustar":
        raise _nested(inner)
    if head.startswith(b"PK\x03\x04") and not is_workbook(inner):
        raise _nested(inner)
    return inner


def _nested(inner: Input) -> DataError:
    return DataError(
        told(
            "{label}: an archive within an archive is not unpacked. Unpack it once, and name what is in it.",
            label=inner.label,
        ),
        rule="packed_nested",
        file=inner.name,
    )


def _locked(inner: Input) -> DataError:
    return DataError(
        told("{label}: it is locked with a password. Unpack it, or pack it without one.", label=inner.label),
        rule="packed_locked",
        file=inner.name,
    )


def _too_large(given: Input, why: Told | str) -> DataError:
    return DataError(
        told(
            "{label}: the archive is refused: {why}. Unpack it yourself if you trust it, and name what is in it.",
            label=given.label,
            why=why,
        ),
        rule="packed_too_large",
        file=given.name,
    )


def _damaged(given: Input, error: Exception) -> KalibError:
    return find_shortage(error) or DataError(
        told(
            "{label}: the archive is damaged ({reason}). Get it again.",
            label=given.label,
            reason=shown(str(error) or type(error).__name__, 120),
        ),
        rule="file_unreadable",
        file=given.name,
    )
