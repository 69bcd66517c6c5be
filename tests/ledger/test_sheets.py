"""A workbook is read as Excel shows it: the right sheet, the right rows, the right days; and nothing in it does anything."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile

import pyarrow.parquet as pq
import pytest
import xlsxwriter

from kalib.ledger import sheets
from kalib.ledger.workbook import _pieces

from .reading import archive, grid, load, refusal, said, workbook

TITLES = ["customer", "order", "date", "amount"]
DAY = dt.date(2024, 1, 5)
TABLE = grid([TITLES, ["ann", 1, DAY, 10.5]])
READ = ("ann", "1", "2024-01-05", "10.5")


@pytest.mark.parametrize("epoch", [1900, 1904])
def test_days_are_the_same_in_both_epochs(tmp_path, epoch):
    moments = [dt.date(1999, 12, 31), dt.date(2024, 2, 29), dt.datetime(2024, 1, 31, 10, 5, 7)]
    rows = [TITLES, *(["ann", number, moment, 1] for number, moment in enumerate(moments))]
    raw = load(tmp_path, workbook({"Orders": grid(rows)}, epoch=epoch), "o.xlsx")
    assert [row[2] for row in raw.cells] == ["1999-12-31", "2024-02-29", "2024-01-31 10:05:07"]


def test_rows_are_numbered_as_excel_shows_them(tmp_path):
    cells = {(0, 0): "Report", **grid([TITLES, ["ann", 1, DAY, 10.5]], 4, 2), **grid([["bob", 2, DAY, 3]], 8, 2)}
    raw = load(tmp_path, workbook({"Orders": cells}), "o.xlsx")
    assert [(row[0], row[1], row[2]) for row in raw.rows] == [
        ("o.xlsx[Orders]", 6, "ann"),
        ("o.xlsx[Orders]", 9, "bob"),
    ]
    assert ("header_found", 5, None) in raw.noted
    assert raw.first_cells == ["ann", "bob"]


def test_cells_become_the_text_that_they_mean(tmp_path):
    values = [12340.0, 0.1, True, 1e-7, -3, 999_999_999_999_999, 1_234_567_890_123_456, " blank ", "=1+1", "007"]
    rows = [TITLES, *([value, "x", DAY, 1] for value in values)]
    book = workbook({"Orders": {k: ("=1+1", "2") if v == "=1+1" else v for k, v in grid(rows).items()}})
    raw = load(tmp_path, book, "o.xlsx")
    texts = ["12340", "0.1", "TRUE", "1e-07", "-3", "999999999999999", "1.234567890123456E+15", " blank ", "2", "007"]
    assert [row[0] for row in raw.cells] == texts  # digits beyond fifteen are lost, and no id is made of the rest
    assert load(tmp_path, book, "o.xlsx", decimal=",").cells[1][0] == "0,1"


def test_formulas_give_their_kept_value_errors_and_blanks(tmp_path):
    rows = [TITLES, ["ann", 1, DAY, ("=2*3", "6")], ["bob", 2, DAY, ("=1/0", "#DIV/0!")], ["cid", 3, DAY, ("=A1", "")]]
    raw = load(tmp_path, workbook({"Orders": grid(rows, 2, 1)}), "o.xlsx")
    assert [row[3] for row in raw.cells] == ["6", "#DIV/0!", None]
    assert ("formula_without_value", 6, "E6 (1)") in raw.noted


def test_the_only_sheet_with_the_headers_is_read(tmp_path):
    raw = load(tmp_path, workbook({"Notes": {(0, 0): "hello"}, "Orders": TABLE, "List": grid([["a", "b"]])}), "o.xlsx")
    assert raw.cells == [READ]
    assert {value for rule, _, value in raw.noted if rule == "sheet_left_out"} == {"Notes", "List"}


def test_sheets_with_the_same_headers_are_all_read(tmp_path):
    raw = load(tmp_path, workbook({"2023": TABLE, "2024": TABLE}), "o.xlsx")
    assert [row[0] for row in raw.rows] == ["o.xlsx[2023]", "o.xlsx[2024]"]
    assert [row[0] for row in load(tmp_path, name="o.xlsx", sheet="2024").rows] == ["o.xlsx[2024]"]


def test_sheets_that_could_both_be_meant_are_refused_until_one_is_named(tmp_path):
    more = grid([[*TITLES, "note"], ["bob", 2, DAY, 1, "x"]])
    error = refusal(tmp_path, workbook({"A": TABLE, "B": more}), "o.xlsx")
    assert said(error, tmp_path) == (
        "o.xlsx: several sheets could be the table: A, B. "
        'Name the one, or several, in the job file: `read: {sheet: "…"}`.'
    )
    assert [row[0] for row in load(tmp_path, name="o.xlsx", sheet="*").cells] == ["ann", "bob"]
    assert [row[0] for row in load(tmp_path, name="o.xlsx", sheet=["B"]).cells] == ["bob"]
    error = refusal(tmp_path, name="o.xlsx", sheet="C")
    assert said(error, tmp_path) == "o.xlsx: there is no sheet 'C'; known are A, B."


def test_a_hidden_sheet_is_read_only_where_it_is_named(tmp_path):
    book = workbook({"Shown": {(0, 0): "x"}, "Kept": TABLE}, hidden=["Kept"])
    error = refusal(tmp_path, book, "o.xlsx")
    assert error.rule == "sheet_unclear"
    assert "only a hidden sheet has the columns: Kept (hidden)" in str(error)
    assert load(tmp_path, name="o.xlsx", sheet="Kept").cells == [READ]
    both = load(tmp_path, workbook({"Shown": TABLE, "Kept": TABLE}, hidden=["Kept"]), "o.xlsx")
    assert [row[0] for row in both.rows] == ["o.xlsx[Shown]"]


def test_a_missing_column_names_the_sheet(tmp_path):
    error = refusal(tmp_path, workbook({"Orders": grid([TITLES[:3], [1, 2, 3]])}), "o.xlsx")
    assert said(error, tmp_path).startswith("`o.xlsx[Orders]` lacks ['amount']; it has ['customer', 'order', 'date'].")


@pytest.mark.parametrize(
    ("name", "content", "rule", "part"),
    [
        ("o.xlsx", workbook({"A": {}}), "file_empty", "no sheet of the workbook holds anything"),
        ("o.xlsx", workbook({"A": TABLE})[:2000], "file_unreadable", "the archive is damaged"),
        ("o.xlsx", b"PK\x03\x04....", "file_unreadable", "the archive is damaged"),
        ("o.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "file_unreadable", "not a readable workbook"),
        ("o.xls", b"<html><table><tr><td>customer", "file_kind", "a web page or XML under another name"),
        ("o.xlsx", archive({"xl/workbook.xml": "<broken"}), "file_unreadable", "not a readable workbook"),
    ],
)
def test_what_is_no_workbook_is_refused(tmp_path, name, content, rule, part):
    error = refusal(tmp_path, content, name)
    assert error.rule == rule
    assert part in str(error)
    assert name in str(error)


def test_text_named_xls_is_read_as_text(tmp_path):
    assert load(tmp_path, "customer\torder\tdate\tamount\nann\t1\t2024-01-05\t10.5\n", "o.xls").cells == [READ]


def test_a_workbook_that_grows_too_large_is_refused(tmp_path):
    book = tmp_path / "made.xlsx"
    book.write_bytes(workbook({"A": TABLE}))
    with zipfile.ZipFile(book, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/media/zeros.bin", b"\0" * (80 << 20))
    error = refusal(tmp_path, book.read_bytes(), "o.xlsx")
    assert error.rule == "packed_too_large"
    assert "it grows more than 250 times when it is unpacked" in str(error)


def test_a_sheet_that_claims_the_whole_grid_breaks_only_its_own_reader(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "MEMORY", 2 << 30)
    cells = {**TABLE, (1_048_575, 16_383): "far"}
    error = refusal(tmp_path, workbook({"A": cells}), "o.xlsx")
    assert error.rule == "file_unreadable"
    assert "not a readable workbook" in str(error)


def test_entities_do_not_grow(tmp_path):
    lol = "".join(f'<!ENTITY l{n} "{("&l" + str(n - 1) + ";") * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{lol}]><workbook>&l11;</workbook>'
    assert refusal(tmp_path, archive({"xl/workbook.xml": bomb}), "o.xlsx").rule == "file_unreadable"


ODS = {
    "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
    "META-INF/manifest.xml": '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>',
    "content.xml": '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet><table:table table:name="Orders">'
    '<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row><table:table-row>'
    + "".join(f'<table:table-cell office:value-type="string"><text:p>{t}</text:p></table:table-cell>' for t in TITLES)
    + "</table:table-row><table:table-row>"
    '<table:table-cell office:value-type="string"><text:p>客户</text:p></table:table-cell>'
    '<table:table-cell office:value-type="float" office:value="7"><text:p>7</text:p></table:table-cell>'
    '<table:table-cell office:value-type="date" office:date-value="2024-01-05"><text:p>05.01.24</text:p></table:table-cell>'
    '<table:table-cell office:value-type="currency" office:currency="EUR" office:value="10.5"><text:p>10,50 €</text:p></table:table-cell>'
    "</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>",
}


def test_open_document_sheets_are_read(tmp_path):
    raw = load(tmp_path, archive(ODS), "o.ods")
    assert raw.rows == [("o.ods[Orders]", 4, "客户", "7", "2024-01-05", "10.5")]


def test_a_number_in_a_cell_is_never_taken_for_thousands(tmp_path):
    content = workbook({"Orders": grid([TITLES, ["ann", 1, "2024-01-05", 1.125], ["bob", 2, "2024-01-06", 0.125]])})
    assert [row[3] for row in load(tmp_path, content, "orders.xlsx").cells] == ["1.1250", "0.1250"]
    assert [row[3] for row in load(tmp_path, content, "orders.xlsx", decimal=",").cells] == ["1,1250", "0,1250"]


def twice(book: bytes, before: str, after: str) -> bytes:
    """Return a workbook whose first sheet says something else."""
    parts = {
        name: zipfile.ZipFile(io.BytesIO(book)).read(name) for name in zipfile.ZipFile(io.BytesIO(book)).namelist()
    }
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    assert before in sheet
    return archive(parts | {"xl/worksheets/sheet1.xml": sheet.replace(before, after)})


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ('<row r="3"', '<row r="2"', "row 2"),  # the cells of one of them could be lost
        ('r="A3"', 'r="A2"', "row 2"),
        ('r="C3"', 'r="B3"', "cell B3"),
    ],
)
def test_a_row_or_cell_that_stands_twice_is_refused(tmp_path, before, after, what):
    book = workbook({"Orders": grid([TITLES, ["ann", 1, DAY, 10.5], ["bob", 2, DAY, 20]])})
    error = refusal(tmp_path, twice(book, before, after), "o.xlsx")
    assert error.rule == "file_unreadable"
    assert f"{what} of the sheet Orders stands in it twice" in str(error)


def test_text_that_looks_like_a_row_is_text(tmp_path, monkeypatch):
    rows = [[f"a:row <row r={n}", n, DAY, 1] for n in range(50)]
    assert len(load(tmp_path, workbook({"Orders": grid([TITLES, *rows])}), "o.xlsx").cells) == 50


# ------------------------------------------------------------------------------------- merged and hidden, and beside


def with_marks(rows, *, merged=(), hidden=(), title=None, sheet="Orders"):
    """Return a workbook with merged ranges (first row, first column, last row, last column) and hidden rows, from 0."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"default_date_format": "yyyy-mm-dd"})
    page = book.add_worksheet(sheet)
    top = 0
    if title:
        page.merge_range(0, 0, 1, 3, title)
        top = 2
    for r, cells in enumerate(rows):
        for c, value in enumerate(cells):
            if value is not None:
                page.write(top + r, c, value)
    for first, left, last, right in merged:
        page.merge_range(top + first, left, top + last, right, rows[first][left])
    for row in hidden:
        page.set_row(top + row, None, None, {"hidden": True})
    book.close()
    return target.getvalue()


def test_merged_cells_give_their_value_to_each_row(tmp_path):
    rows = [
        TITLES,
        ["ann", 1, DAY, 10],
        [None, 2, DAY, 20],
        ["bob", 3, DAY, 30],
        [None, 4, DAY, 40],
        [None, 5, DAY, 50],
    ]
    book = with_marks(rows, merged=[(1, 0, 2, 0), (3, 0, 4, 0)], title="Orders of 2024")
    raw = load(tmp_path, book, "o.xlsx")
    assert [row[0] for row in raw.cells] == ["ann", "ann", "bob", "bob", None]  # the last row is in no range
    note = next(note for note in raw.notes if note.rule == "merged_filled")
    assert (note.line, note.column, note.count) == (5, "customer", 2)


def test_a_merged_amount_is_the_money_of_its_rows_together(tmp_path):
    rows = [TITLES, ["ann", 1, DAY, 30], ["ann", 1, DAY, None], ["ann", 1, None, 5]]
    raw = load(tmp_path, with_marks(rows, merged=[(1, 3, 2, 3), (2, 2, 3, 2)]), "o.xlsx")
    assert [row[2:] for row in raw.cells] == [("2024-01-05", "30"), ("2024-01-05", None), ("2024-01-05", "5")]


def test_a_range_over_columns_fills_no_other_column(tmp_path):
    rows = [TITLES, ["North", None, None, None], ["ann", 1, DAY, 10]]
    raw = load(tmp_path, with_marks(rows, merged=[(1, 0, 1, 3)]), "o.xlsx")
    assert raw.cells == [("North", None, None, None), ("ann", "1", "2024-01-05", "10")]
    assert "merged_filled" not in {rule for rule, *_ in raw.noted}


def test_hidden_rows_are_used_and_told_or_left_out_and_counted(tmp_path):
    book = with_marks([TITLES, *(["ann", n, DAY, n] for n in range(1, 6))], hidden=[2, 4])
    raw = load(tmp_path, book, "o.xlsx")
    assert len(raw.rows) == 5
    note = next(note for note in raw.notes if note.rule == "rows_hidden")
    assert (note.line, note.count) == (3, 2)
    raw = load(tmp_path, name="o.xlsx", hidden_rows="leave_out")
    assert raw.lines == [2, 4, 6]
    assert raw.unread == [
        ("o.xlsx[Orders]", 3, "row_hidden", "ann, 2, 2024-01-05, 2"),
        ("o.xlsx[Orders]", 5, "row_hidden", "ann, 4, 2024-01-05, 4"),
    ]
    assert not raw.noted


def test_a_sheet_that_the_job_names_leaves_nothing_to_say(tmp_path):
    book = workbook({"Orders": TABLE, "Returns": grid([["order", "returned"], [1, "Yes"], [2, "Yes"]])})
    assert ("sheet_left_out", None, "Returns") in load(tmp_path, book, "o.xlsx").noted
    raw = load(tmp_path, name="o.xlsx", sheet="Orders")
    assert not raw.noted
    (left,) = raw.sources[0].beside
    assert (left.name, left.titles, left.header_line, left.hidden) == ("Returns", ("order", "returned"), 1, False)
    rows = pq.read_table(left.rows).to_pylist()
    assert [row["c0"] for row in rows if row["__line"] > left.header_line] == ["1", "2"]


def test_the_day_of_the_last_change_is_the_workbooks_own(tmp_path):
    raw = load(tmp_path, workbook({"Orders": TABLE}), "o.xlsx")
    parts = zipfile.ZipFile(tmp_path / "o.xlsx")
    core = parts.read("docProps/core.xml").decode()
    made = re.search(r"<dcterms:modified[^>]*>(\d{4}-\d\d-\d\d)", core)[1]
    assert raw.sources[0].modified == dt.date.fromisoformat(made)
    members = {name: parts.read(name) for name in parts.namelist()}
    early = archive(members | {"docProps/core.xml": core.replace(made, "2023-11-30")})
    assert load(tmp_path, early, "o.xlsx").sources[0].modified == dt.date(2023, 11, 30)


@pytest.mark.parametrize("size", [1, 7, 30, 64, 1000])
def test_a_sheet_is_cut_between_its_rows_wherever_the_pieces_end(tmp_path, monkeypatch, size):
    monkeypatch.setattr("kalib.ledger.workbook.PIECE", size)
    text = b"<sheetData>" + b"".join(b'<row r="%d"><c r="A%d"/></row>' % (n, n) for n in range(1, 20)) + b"</sheetData>"
    with zipfile.ZipFile(io.BytesIO(archive({"s.xml": text}))) as packed:
        pieces = list(_pieces(packed, "s.xml"))
    assert b"".join(pieces) == text
    assert all(piece.count(b"<row") == piece.count(b"</row>") for piece in pieces)
