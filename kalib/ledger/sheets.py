"""Which sheet of a workbook holds the table? Opens .xlsx, .xlsm, .xls and .ods as sources, one for each sheet that is read."""

from __future__ import annotations

import datetime as dt
import glob
import json
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from kalib import interpreter
from kalib.errors import DataError, nearest
from kalib.ledger.packed import check_members
from kalib.ledger.room import find_shortage
from kalib.ledger.source import BLANKS, LONGEST_SHOWN, Input, LeftSheet, Note, Source, quote, shown, text
from kalib.ledger.text import has_same, name_columns
from kalib.settings import Read
from kalib.words.told import Told, told

MEMORY = 8 << 30
"""More memory than this no workbook is given: a sheet has a million rows at most."""
SECONDS = 900
EVERY = "*"


@dataclass(frozen=True)
class Sheet:
    """One sheet: its rows as texts in a Parquet file, and where its header stands."""

    name: str
    hidden: bool
    rows: Path
    width: int
    header: tuple[int, list[str]] | None
    has_wanted: bool
    without_value: tuple[int, str] | None
    hidden_rows: Path | None
    merged: Path | None
    modified: dt.date | None

    @property
    def titles(self) -> frozenset[str]:
        """Return the headers, blanks around them aside."""
        return frozenset(title.strip(BLANKS) for title in self.header[1]) if self.header else frozenset()


def open_sheets(
    given: Input, read: Read, *, scratch: Path, wanted: Sequence[str] = (), with_digits: Sequence[str] = ()
) -> list[Source]:
    """Open the sheets of a workbook that hold the table.

    Those are the sheets that ``read.sheet`` names; else the visible ones that have all wanted headers, if they have
    the same headers among them. ``with_digits`` are the headers of days and of numbers: a number in a merged range
    stands for its rows together, and is not given to each.

    Raises
    ------
    DataError
        A workbook that is damaged, locked or too large, a sheet that is not there, or none that can be chosen.
    """
    sheets = _read_workbook(given, read, scratch, wanted)
    chosen = _choose(given, sheets, read.sheet, wanted)
    others = [sheet for sheet in sheets if sheet not in chosen and (sheet.header or sheet.hidden)]
    beside = tuple(
        LeftSheet(sheet.name, tuple(sheet.header[1]), sheet.rows, sheet.header[0], sheet.hidden)
        for sheet in others
        if sheet.header
    )
    leave_out = getattr(read, "hidden_rows", "use") == "leave_out"
    sources = [_source(given, sheet, wanted, with_digits, leave_out=leave_out, beside=beside) for sheet in chosen]
    if not read.sheet or EVERY in read.sheet:  # else the job chose, and knows what it left out
        sources[0].notes.extend(Note("sheet_left_out", given.name, value=sheet.name) for sheet in others)
    return sources


def _read_workbook(given: Input, read: Read, scratch: Path, wanted: Sequence[str]) -> list[Sheet]:
    with given.file.open("rb") as stream:
        is_zip = stream.read(4) == b"PK\x03\x04"
    if is_zip:
        check_members(given)
    folder = Path(tempfile.mkdtemp(prefix="sheets-", dir=scratch))
    script = Path(__file__).with_name("workbook.py")
    order = interpreter.command(str(script), str(given.file), str(folder), read.decimal or ".", str(MEMORY))
    try:
        done = subprocess.run(order, capture_output=True, timeout=SECONDS, check=False, env=interpreter.environment())
    except subprocess.TimeoutExpired:
        raise _unreadable(given, told("it was not read within {minutes} minutes", minutes=SECONDS // 60)) from None
    if done.returncode or not done.stdout.strip():
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()
        if last and (short := find_shortage(RuntimeError(last[-1]))):
            raise short
        raise _unreadable(
            given,
            told(
                "it broke the reader ({said})",
                said=shown(last[-1], 120) if last else told("signal {number}", number=-done.returncode),
            ),
        )
    found = json.loads(done.stdout)
    if found.get("refused") == "password":
        raise DataError(
            told("{label}: the workbook is locked with a password. Save it without one.", label=given.label),
            rule="packed_locked",
            file=given.name,
        )
    if "refused" in found:
        raise _unreadable(given, shown(found["refused"], 160))
    modified = _day(found.get("modified"))
    return [_sheet(item, folder, read, wanted, modified) for item in found["sheets"]]


def _day(written: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(written or "")
    except ValueError:
        return None


def _unreadable(given: Input, why: Told | str) -> DataError:
    return DataError(
        told(
            "{label}: this is not a readable workbook ({why}). Open it, and save it again as .xlsx or CSV.",
            label=given.label,
            why=why,
        ),
        rule="file_unreadable",
        file=given.name,
    )


def _sheet(item: dict, folder: Path, read: Read, wanted: Sequence[str], modified: dt.date | None) -> Sheet:
    header, has_wanted = _find_header(item["head"], read.header_line, wanted)
    empty = (item["empty"], item["first_empty"][0]) if item.get("empty") else None
    rows = folder / f"{item['number']}.parquet"
    return Sheet(
        item["name"],
        item["hidden"],
        rows,
        item.get("width", 0),
        header,
        has_wanted,
        empty,
        rows.with_suffix(".hidden") if item.get("hidden_rows") else None,
        rows.with_suffix(".merged") if item.get("merged") else None,
        modified,
    )


def _find_header(
    head: Sequence[tuple[int, list[str]]], named: int | None, wanted: Sequence[str]
) -> tuple[tuple[int, list[str]] | None, bool]:
    """Find the row that names the columns: the named one, the first with all wanted headers, or the first as wide as most."""
    for line, cells in head:
        if named == line or (named is None and wanted and has_same(cells, wanted)):
            return (line, cells), has_same(cells, wanted)
    if named is not None or not head:
        return None, False
    filled = [sum(bool(cell.strip(BLANKS)) for cell in cells) for _, cells in head]
    most = Counter(filled).most_common(1)[0][0]
    place = next(place for place, count in enumerate(filled) if count >= most)
    return (head[place][0], head[place][1]), False


def _choose(given: Input, sheets: Sequence[Sheet], named: Sequence[str] | None, wanted: Sequence[str]) -> list[Sheet]:
    filled = [sheet for sheet in sheets if sheet.header]
    if named and EVERY not in named:
        names = [sheet.name for sheet in sheets]
        for name in named:
            if name not in names:
                raise DataError(
                    told(
                        "{label}: there is no sheet {name!r}; {hint}",
                        label=given.label,
                        name=shown(name, 60),
                        hint=nearest(name, names),
                    ),
                    rule="sheet_unclear",
                    file=given.name,
                    value=name,
                )
        chosen = [sheet for name in named for sheet in filled if sheet.name == name]
        if len(chosen) < len(named):
            lacking = next(name for name in named if name not in [sheet.name for sheet in filled])
            raise DataError(
                told("{label}: the sheet {sheet!r} has no header.", label=given.label, sheet=shown(lacking, 60)),
                rule="header",
                file=given.name,
            )
        return chosen
    if not filled:
        raise DataError(
            told("{label}: no sheet of the workbook holds anything.", label=given.label),
            rule="file_empty",
            file=given.name,
        )
    fitting = [sheet for sheet in filled if sheet.has_wanted or not wanted]
    seen = [sheet for sheet in fitting if not sheet.hidden]
    if named and seen:
        return seen
    if fitting and (not seen or (len({sheet.titles for sheet in seen}) > 1)):
        which = ", ".join(
            str(told("{name} (hidden)", name=shown(sheet.name, 60))) if sheet.hidden else shown(sheet.name, 60)
            for sheet in fitting
        )
        what = told("several sheets could be the table") if seen else told("only a hidden sheet has the columns")
        raise DataError(
            told(
                '{label}: {what}: {which}. Name the one, or several, in the job file: `read: {{sheet: "…"}}`.',
                label=given.label,
                what=what,
                which=which,
            ),
            rule="sheet_unclear",
            file=given.name,
            value=shown(", ".join(sheet.name for sheet in fitting)),
        )
    return seen or [max(filled, key=lambda sheet: (not sheet.hidden, len(sheet.titles & set(wanted))))]


def _source(
    given: Input,
    sheet: Sheet,
    wanted: Sequence[str],
    with_digits: Sequence[str],
    *,
    leave_out: bool,
    beside: tuple[LeftSheet, ...],
) -> Source:
    line, titles = sheet.header
    inner = Input(given.path, given.file, f"{given.name}[{sheet.name}]", f"{given.label}[{sheet.name}]")
    used = max((place for place, title in enumerate(titles, 1) if title.strip(BLANKS)), default=1)
    columns = name_columns(titles, wanted, given=inner, line=line)
    notes = []
    if line > 1:
        notes.append(Note("header_found", inner.name, line))
    if sheet.without_value:
        count, first = sheet.without_value
        notes.append(
            Note(
                "formula_without_value",
                inner.name,
                int("".join(filter(str.isdigit, first))),
                value=f"{first} ({count})",
            )
        )
    rows, unread = sheet.rows, None
    if sheet.merged:
        numbers = {place for place, column in enumerate(columns) if column in with_digits}
        rows, filled = _fill_merged(sheet, numbers)
        notes += [
            Note("merged_filled", inner.name, at, columns[place], str(count), count) for place, at, count in filled
        ]
    picked = ", ".join(f"nullif(c{number}, '') AS {quote(column)}" for number, column in enumerate(columns))
    some = " OR ".join(f"c{number} <> ''" for number in range(max(used, 1)))
    below = f"{_parquet(rows)} WHERE __line > {line} AND ({some})"
    if sheet.hidden_rows:
        hidden = f"__line IN (SELECT line FROM {_parquet(sheet.hidden_rows)})"
        count, first = _count_hidden(f"{below} AND {hidden}")
        if count and leave_out:
            unread = sheet.rows.with_suffix(".unread")
            _set_aside(f"{below} AND {hidden}", len(columns), unread)
            below = f"{below} AND NOT {hidden}"
        elif count:
            notes.append(Note("rows_hidden", inner.name, first, value=str(count), count=count))
    return Source(
        inner.name,
        given.path,
        "sheet",
        dict.fromkeys(columns, "VARCHAR"),
        f"SELECT {picked}, __line FROM {below}",
        label=inner.label,
        header_line=line,
        notes=notes,
        unread=unread,
        beside=beside,
        modified=sheet.modified,
    )


def _parquet(file: Path) -> str:
    return f"read_parquet({text(glob.escape(str(file)))}, hive_partitioning = false)"


def _count_hidden(rows: str) -> tuple[int, int | None]:
    """Return how many hidden rows there are, and the first."""
    with duckdb.connect() as con:
        return con.execute(f"SELECT count(*), min(__line) FROM {rows}").fetchone()


def _set_aside(rows: str, width: int, target: Path) -> None:
    """Write hidden rows as such that are not read."""
    cells = ", ".join(f"nullif(c{number}, '')" for number in range(width))
    value = f"left(concat_ws(', ', {cells}), {LONGEST_SHOWN})"
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT __line AS line, 'row_hidden' AS rule, {value} AS value FROM {rows} ORDER BY line) "
            f"TO {text(str(target))} (FORMAT parquet)"
        )


_A_DAY = re.compile(r"\d{4}-\d\d-\d\d( .*)?")


def _fill_merged(sheet: Sheet, numbers: set[int]) -> tuple[Path, list[tuple[int, int, int]]]:
    """Give each row of a merged range below the header the value of the range, where it is no money of all its rows.

    Returns
    -------
    path of the rows; and the place of each column that was filled, with the first line and how many cells
    """
    covered: dict[int, dict[int, str]] = {}
    for cell in pq.read_table(sheet.merged).to_pylist():
        if cell["first"] > sheet.header[0] and (cell["column"] not in numbers or _A_DAY.fullmatch(cell["value"])):
            covered.setdefault(cell["column"], {})[cell["line"]] = cell["value"]
    if not covered:
        return sheet.rows, []
    table = pq.read_table(sheet.rows)
    lines = table.column("__line").to_pylist()
    for place, values in covered.items():
        cells = table.column(f"c{place}").to_pylist()
        both = [values.get(line, cell) for line, cell in zip(lines, cells, strict=True)]
        table = table.set_column(place, f"c{place}", pa.array(both, pa.string()))
    target = sheet.rows.with_suffix(".filled")
    pq.write_table(table, target, compression="lz4")
    return target, [(place, min(values), len(values)) for place, values in sorted(covered.items())]
