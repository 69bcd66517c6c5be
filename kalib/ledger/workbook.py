"""What do the cells of this workbook say? A process of its own, so that a file which breaks the reader breaks nothing else.

Run by ``sheets`` as ``python -P workbook.py WORKBOOK FOLDER DECIMAL MEMORY``; writes a Parquet file of texts for each
sheet, where it has merged or hidden rows one more of these, and prints what it found as JSON. It imports nothing of
kalib, so that it starts fast.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import posixpath
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import python_calamine as calamine

HEAD_ROWS = 200
ROWS_AT_ONCE = 20_000
DIGITS = 10**15
"""A workbook keeps 15 digits of a number; a longer one has lost some, and is written so that no id can be made of it."""
MOST_ROWS = 1 << 20
MOST_ERRORS = 1_000_000
PIECE = 1 << 22
_CELL = rb"<(?:\w+:)?c\b([^>]*)"
_END = rb"</(?:\w+:)?c>"
_ERROR = re.compile(_CELL + rb">((?:(?!" + _END + rb").)*?<(?:\w+:)?v>(#[^<]*)</(?:\w+:)?v>)\s*" + _END, re.DOTALL)
_NO_VALUE = re.compile(
    _CELL
    + rb">\s*<(?:\w+:)?f\b(?:[^<>]*/>|[^<>]*>[^<]*</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*"
    + _END
)
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_ROW_NUMBER = re.compile(rb'\br="(\d{1,7})"')
_PLACED = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})(\d{1,7})"')
_PLACE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_REPEATED = re.compile(rb'number-rows-repeated="(\d{7,18})"')
_KIND = re.compile(rb'\bt="(\w+)"')
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*?\bref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
MOST_MERGED = 1_000_000
"""More merged ranges, or cells in them, than this are left as they are."""


def cell_text(value: object, decimal: str = ".") -> str:
    """Return a cell's value as text.

    >>> [cell_text(value) for value in (12.0, 2.5, 1.125, True, 1e15, dt.datetime(2024, 1, 31, 10, 5), dt.time(9, 30), "x ")]
    ['12', '2.5', '1.1250', 'TRUE', '1.000000000000000E+15', '2024-01-31 10:05:00', '09:30:00', 'x ']
    """
    match value:
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            if value != value or value in (float("inf"), float("-inf")):
                return str(value)
            if value == int(value):
                return str(int(value)) if abs(value) < DIGITS else f"{value:.15E}".replace(".", decimal)
            written = repr(value)
            # as text, 1.125 could be a thousand and more; a cell that holds a number never is
            return (f"{written}0" if written[-4:-3] == "." else written).replace(".", decimal)
        case dt.datetime():
            return str((value + dt.timedelta(microseconds=500_000)).replace(microsecond=0))
        case dt.date():
            return value.isoformat()
        case dt.time():
            return value.replace(microsecond=0).isoformat()
        case dt.timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return "" if value is None else str(value)


@dataclass
class _Marks:
    """What a sheet says of its cells beside their values.

    ``errors`` are the error cells by row and column, as Excel writes them; ``empty`` the cells whose formula has no
    value; ``hidden`` the rows that nobody sees, filtered or hidden by hand; ``merged`` the first row, the last row and
    the column of ranges of several rows of which the first cell has the value for all. Rows are counted from 1, columns from 0.
    """

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)
    merged: list[tuple[int, int, int]] = field(default_factory=list)


def _marks(book: Path, name: str) -> _Marks:
    """Return the marks of a sheet of an .xlsx file.

    Raises
    ------
    ValueError
        A row or a cell that stands twice: the reader would keep one of the two.
    """
    marks = _Marks()
    with zipfile.ZipFile(book) as archive:
        member = _member(archive, name)
        if member is None:
            return marks
        once = _Once(name)
        for piece in _pieces(archive, member):
            once.check(piece)
            for found in _ERROR.finditer(piece) if b'"e"' in piece else ():
                place, kind = _PLACE.search(found[1]), _KIND.search(found[1])
                if place and kind and kind[1] == b"e" and len(marks.errors) < MOST_ERRORS:
                    marks.errors[int(place[2]), _column(place[1])] = found[3].decode("utf-8", "replace")
            for found in _NO_VALUE.finditer(piece):
                place, kind = _PLACE.search(found[1]), _KIND.search(found[1])
                if place and not (kind and kind[1] == b"str") and len(marks.empty) < MOST_ERRORS:
                    marks.empty.append((place[1] + place[2]).decode())
            for found in _MERGED.finditer(piece) if b"mergeCell " in piece else ():
                first, last = int(found[2]), int(found[4])
                if last > first and len(marks.merged) < MOST_MERGED:
                    marks.merged.append((first, last, _column(found[1])))
        marks.hidden = once.hidden
    return marks


def _merged_elsewhere(sheet: calamine.CalamineSheet) -> list[tuple[int, int, int]]:
    """Return the merged ranges of an .xls file, where the reader gives them."""
    ranges = sheet.merged_cell_ranges or []
    return [(top + 1, bottom + 1, left) for (top, left), (bottom, _) in ranges[:MOST_MERGED] if bottom > top]


class _Once:
    """Checks piece by piece that no row and no cell of a sheet stands twice, and keeps the hidden rows; a piece ends between two rows."""

    def __init__(self, sheet: str) -> None:
        self.sheet = sheet
        self.last = 0
        self.rows: set[int] = set()
        self.rows_of_cells: set[bytes] = set()
        self.hidden: set[int] = set()

    def check(self, piece: bytes) -> None:
        for row in _ROW.finditer(piece):
            told = _ROW_NUMBER.search(row[1])
            self.last = int(told[1]) if told else self.last + 1
            if self.last in self.rows:
                self._refuse(f"row {self.last}")
            self.rows.add(self.last)
            if b"hidden" in row[1] and _HIDDEN.search(row[1]):
                self.hidden.add(self.last)
        places = _PLACED.findall(piece)
        if len(set(places)) < len(places):
            (column, row), _ = Counter(places).most_common(1)[0]
            self._refuse(f"cell {(column + row).decode()}")
        rows = {row for _, row in places}
        if twice := rows & self.rows_of_cells:
            self._refuse(f"row {min(map(int, twice))}")
        self.rows_of_cells |= rows

    def _refuse(self, what: str) -> None:
        raise ValueError(f"{what} of the sheet {self.sheet} stands in it twice")


def _member(archive: zipfile.ZipFile, name: str) -> str | None:
    """Return the member of an .xlsx file that holds a sheet, or None where the file is of another kind."""
    names = set(archive.namelist())
    if "xl/workbook.xml" not in names or "xl/_rels/workbook.xml.rels" not in names:
        return None
    relations = {
        item.get("Id"): item.get("Target", "")
        for item in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    }
    for item in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():
        if item.tag.endswith("}sheet") and item.get("name") == name:
            key = next((value for attribute, value in item.items() if attribute.endswith("}id")), None)
            target = relations.get(key, "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
            return path if path in names else None
    return None


def _pieces(archive: zipfile.ZipFile, member: str) -> Iterator[bytes]:
    """Yield the text of a member in pieces that end between two rows; what was searched is not searched again."""
    held: list[bytes] = []
    with archive.open(member) as stream:
        while piece := stream.read(PIECE):
            if held:  # a tag that was cut stands whole in the next piece
                start = max(held[-1].rfind(b"<"), 0)
                piece = held[-1][start:] + piece
                held[-1] = held[-1][:start]
            cut = max((row.start() for row in _ROW.finditer(piece)), default=0)
            if cut > 0 or (held and _ROW.match(piece)):
                yield b"".join([*held, piece[:cut]])
                held = []
            held.append(piece[cut:])
    yield b"".join(held)


def _refuse_endless(book: Path) -> None:
    """Refuse an .ods file with more rows than a sheet can have: the reader would lose what stands below them.

    Raises
    ------
    ValueError
        A row that is repeated more often than a sheet has rows.
    """
    if not zipfile.is_zipfile(book):
        return
    with zipfile.ZipFile(book) as archive:
        if "content.xml" not in archive.namelist():
            return
        left = b""
        with archive.open("content.xml") as stream:
            while piece := stream.read(PIECE):
                left += piece
                for found in _REPEATED.finditer(left):
                    if int(found[1]) > MOST_ROWS:
                        raise ValueError(
                            f"a row is repeated {int(found[1]):,} times, and a sheet has {MOST_ROWS:,} rows at most"
                        )
                left = left[-100:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _read_sheet(book: Path, sheet: calamine.CalamineSheet, target: Path, decimal: str) -> dict[str, object]:
    if sheet.start is None:
        return {"rows": 0, "head": []}
    marks = _marks(book, sheet.name) if zipfile.is_zipfile(book) else _Marks(merged=_merged_elsewhere(sheet))
    first = sheet.start[1]  # the reader leaves out blank columns before the first, though not blank rows
    errors = {(row, column - first): said for (row, column), said in marks.errors.items() if column >= first}
    width = max([sheet.width] + [column + 1 for _, column in errors])
    schema = pa.schema([(f"c{number}", pa.string()) for number in range(width)] + [("__line", pa.int64())])
    head, count, hidden = [], 0, []
    merged = _Merged([(top, bottom, column - first) for top, bottom, column in marks.merged if column >= first])
    with pq.ParquetWriter(target, schema, compression="lz4") as writer:
        rows: list[list[str]] = []
        lines: list[int] = []
        by_row: dict[int, list[tuple[int, str]]] = {}
        for (row, column), said in errors.items():
            by_row.setdefault(row, []).append((column, said))
        for line, values in enumerate(sheet.iter_rows(), 1):
            cells = [cell_text(value, decimal) for value in values]
            cells += [""] * (width - len(cells))
            for column, said in by_row.get(line, ()):
                cells[column] = said
            if not any(cells):
                continue
            count += 1
            rows.append(cells)
            lines.append(line)
            merged.look_at(line, cells)
            if line in marks.hidden:
                hidden.append(line)
            if len(head) < HEAD_ROWS:
                head.append([line, cells])
            if len(rows) == ROWS_AT_ONCE:
                _write(writer, schema, rows, lines)
                rows, lines = [], []
        if rows:
            _write(writer, schema, rows, lines)
    if hidden:
        pq.write_table(pa.table({"line": pa.array(hidden, pa.int64())}), target.with_suffix(".hidden"))
    if merged.covered:
        pq.write_table(pa.Table.from_pylist(merged.covered, schema=_COVERED), target.with_suffix(".merged"))
    found = {"hidden_rows": len(hidden), "merged": len(merged.covered)}
    return {
        "rows": count,
        "head": head,
        "empty": len(marks.empty),
        "first_empty": marks.empty[:1],
        "width": width,
        **found,
    }


_COVERED = pa.schema([("line", pa.int64()), ("first", pa.int64()), ("column", pa.int64()), ("value", pa.string())])


class _Merged:
    """Watches rows for the cells that a merged range covers: blank ones below the cell that has the value for all.

    Only downwards: what a range covers to the right stands under other headers, and is no value of theirs.
    """

    def __init__(self, ranges: list[tuple[int, int, int]]) -> None:
        self.waiting = sorted(ranges, reverse=True)
        self.open: list[tuple[int, int, int, str]] = []
        self.covered: list[dict[str, object]] = []

    def look_at(self, line: int, cells: list[str]) -> None:
        """Look at a row that is not blank."""
        if not self.waiting and not self.open:
            return
        self.open = [one for one in self.open if one[1] >= line]
        for top, _, column, value in self.open:
            if not cells[column].strip() and len(self.covered) < MOST_MERGED:
                self.covered.append({"line": line, "first": top, "column": column, "value": value})
        while self.waiting and self.waiting[-1][0] <= line:
            top, bottom, column = self.waiting.pop()
            if top == line and column < len(cells) and cells[column].strip():
                self.open.append((top, bottom, column, cells[column]))


def _write(writer: pq.ParquetWriter, schema: pa.Schema, rows: list[list[str]], lines: list[int]) -> None:
    cells = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    writer.write_table(pa.Table.from_arrays([*cells, pa.array(lines, pa.int64())], schema=schema))


def main(book: Path, folder: Path, decimal: str, memory: int) -> int:
    """Read a workbook; return what the process ends with."""
    with contextlib.suppress(ImportError):  # Windows has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _refuse_endless(book)
        workbook = calamine.load_workbook(book)
        sheets = []
        for number, sheet in enumerate(workbook.sheets_metadata):
            if "WorkSheet" not in str(sheet.typ):
                continue
            found = _read_sheet(book, workbook.get_sheet_by_index(number), folder / f"{number}.parquet", decimal)
            sheets.append(
                {
                    "name": sheet.name,
                    "number": number,
                    "hidden": "Visible" != str(sheet.visible).split(".")[-1],
                    **found,
                }
            )
    except calamine.PasswordError:
        print(json.dumps({"refused": "password"}))
        return 0
    except (
        calamine.CalamineError,
        zipfile.BadZipFile,
        ElementTree.ParseError,
        OSError,
        MemoryError,
        ValueError,
    ) as error:
        print(json.dumps({"refused": f"{type(error).__name__}: {error}"[:300]}))
        return 0
    print(json.dumps({"sheets": sheets, "modified": _modified(book)}))
    return 0


def _modified(book: Path) -> str | None:
    """Return the day of the last change that the workbook's own properties name."""
    if not zipfile.is_zipfile(book):
        return None
    with zipfile.ZipFile(book) as archive:
        for member, tag in (("docProps/core.xml", "modified"), ("meta.xml", "date")):
            if member in archive.namelist() and archive.getinfo(member).file_size < PIECE:
                found = re.search(
                    rf"<(?:\w+:)?{tag}\b[^>]*>\s*(\d{{4}}-\d\d-\d\d)", archive.read(member).decode("utf-8", "replace")
                )
                return found[1] if found else None
    return None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
