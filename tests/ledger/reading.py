"""A table read: the raw rows of files made by hand, what could not be split, what was noted; or the refusal."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import xlsxwriter

from kalib.errors import KalibError
from kalib.ledger import read
from kalib.ledger.source import Note, Source
from kalib.settings import Job

from .conftest import COLUMNS

HEADER = "customer,order,date,amount\n"
ROW = "ann,1,2024-01-05,10.00\n"
ANN = ("ann", "1", "2024-01-05", "10.00")


@dataclass(frozen=True)
class Raw:
    """What was loaded: rows as (file, line, customer, order, date, amount), unread rows as (file, line, rule, value)."""

    rows: list[tuple]
    unread: list[tuple]
    notes: list[Note]
    sources: list[Source]
    first_cells: list[str | None]

    @property
    def lines(self) -> list[int]:
        return [row[1] for row in self.rows]

    @property
    def cells(self) -> list[tuple]:
        return [row[2:] for row in self.rows]

    @property
    def noted(self) -> set[tuple]:
        return {(note.rule, note.line, note.value) for note in self.notes}


def load(
    folder: Path,
    content: str | bytes | None = None,
    name: str = "orders.csv",
    *,
    source: str | Sequence[str] | None = None,
    columns: Mapping[str, str] = COLUMNS,
    **settings: object,
) -> Raw:
    """Write the content as a file and load it as ``raw``."""
    scratch = folder / ".scratch"
    scratch.mkdir(exist_ok=True)
    if content is not None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    told = {"job": "x", "source": source or name, "columns": dict(columns), "read": settings, "file": folder / "x.yaml"}
    job = Job.model_validate(told)
    with duckdb.connect() as con:
        sources = read.load_raw(con, job, read.find_files(job), scratch=scratch, say=lambda line: None)
        picked = ", ".join(read.quote(ours) for ours in columns)
        rows = con.execute(f"SELECT file, line, {picked} FROM raw ORDER BY file, line").fetchall()
        firsts = [row[0] for row in con.execute("SELECT first_cell FROM raw ORDER BY file, line").fetchall()]
        unread = con.execute("SELECT * FROM unread ORDER BY file, line").fetchall()
    return Raw(rows, unread, [note for one in sources for note in one.notes], sources, firsts)


def refusal(
    folder: Path, content: str | bytes | None = None, name: str = "orders.csv", **settings: object
) -> KalibError:
    """Return the refusal of a file."""
    with pytest.raises(KalibError) as caught:
        load(folder, content, name, **settings)
    assert "Traceback" not in str(caught.value)
    return caught.value


def said(error: KalibError, folder: Path) -> str:
    """Return a refusal's message without the folder that the test works in."""
    return str(error).replace(f"{folder}/", "")


def archive(members: Mapping[str, str | bytes]) -> bytes:
    """Return a zip file."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return target.getvalue()


def workbook(
    sheets: Mapping[str, Mapping[tuple[int, int], object]], *, epoch: int = 1900, hidden: Sequence[str] = ()
) -> bytes:
    """Return an .xlsx file of cells by (row, column) from 0; a pair is a formula with its cached value."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"date_1904": epoch == 1904, "default_date_format": "yyyy-mm-dd"})
    for name, cells in sheets.items():
        sheet = book.add_worksheet(name)
        if name in hidden:
            sheet.hide()
        for (row, column), value in cells.items():
            if isinstance(value, tuple):
                sheet.write_formula(row, column, value[0], None, value[1])
            else:
                sheet.write(row, column, value)
    book.close()
    return target.getvalue()


def grid(rows: Sequence[Sequence[object]], row: int = 0, column: int = 0) -> dict[tuple[int, int], object]:
    """Return rows as cells, the first at the given place."""
    return {(row + r, column + c): value for r, cells in enumerate(rows) for c, value in enumerate(cells)}
