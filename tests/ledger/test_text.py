"""A text file says itself how it is written; what it does not say is refused with its line, and no row is swallowed."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import DataError, SettingsError
from tests.depth import examples, is_deep

from .reading import ANN, HEADER, ROW, load, refusal, said

CHINESE = HEADER + "广州市天河区贸易有限公司,1,2024-01-05,10.00\n上海,2,2024-01-05,3\n"
WESTERN = HEADER + "Müller & Söhne,1,2024-01-05,10.00\nCafé “Zoë” – Genève,2,2024-01-05,3 €\n"


# ------------------------------------------------------------------------------------------------------------ encoding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_chinese_is_read_in_every_encoding_of_chinese_offices(tmp_path, encoding, end):
    raw = load(tmp_path, CHINESE.replace("\n", end).encode(encoding))
    assert [row[0] for row in raw.cells] == ["广州市天河区贸易有限公司", "上海"]
    assert raw.lines == [2, 3]
    found = {value for rule, _, value in raw.noted if rule == "encoding_found"}
    assert found == (set() if encoding.startswith("utf-8") else {encoding})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_western_letters_are_read_in_every_encoding_of_european_offices(tmp_path, encoding):
    raw = load(tmp_path, WESTERN.encode(encoding))
    assert [row[0] for row in raw.cells] == ["Müller & Söhne", "Café “Zoë” – Genève"]


def test_one_letter_tells_windows_from_chinese(tmp_path):
    assert load(tmp_path, (HEADER + "Müller,1,2024-01-05,1\n").encode("windows-1252")).cells[0][0] == "Müller"
    assert load(tmp_path, (HEADER + "A级,1,2024-01-05,1\n").encode("gb18030")).cells[0][0] == "A级"


@pytest.mark.parametrize(
    ("content", "line", "byte", "likely"),
    [
        ((HEADER + ROW + "PROMOÇÃO,1,2024-01-05,1\n").encode("windows-1252"), 3, "0xc7", "windows-1252 gb18030"),  # 敲
        ((HEADER + ROW + "Wrocław,1,2024-01-05,1\n").encode("windows-1250"), 3, "0xb3", "windows-1250 gb18030"),  # one
        (
            HEADER.encode() + "Zoë,1,2024-01-05,1\n".encode() * 9 + b"Zo\xc3,1,2024-01-05,1\n",
            11,
            "0xc3",
            "gb18030 windows-1252",
        ),
    ],
)
def test_what_nobody_can_tell_is_refused_with_its_line(tmp_path, content, line, byte, likely):
    first, second = likely.split()
    error = refusal(tmp_path, content)
    assert (error.rule, error.file, error.line, error.value) == ("encoding", "orders.csv", line, byte)
    assert said(error, tmp_path) == (
        f"orders.csv, line {line}: byte {byte} is not UTF-8, and the text does not tell which encoding it is in. "
        f"Say it, such as `read: {{encoding: {first}}}` or `{second}`, or save the file as UTF-8."
    )


def test_a_declared_encoding_is_held_to(tmp_path):
    assert load(tmp_path, WESTERN.encode("windows-1252"), encoding="windows-1252").cells[0][0] == "Müller & Söhne"
    error = refusal(tmp_path, WESTERN.encode("windows-1252"), encoding="utf-8")
    assert said(error, tmp_path).startswith("orders.csv, near line 2: byte 0xfc is not utf-8.")
    assert isinstance(refusal(tmp_path, HEADER + ROW, encoding="klingon"), SettingsError)


def test_a_nul_is_damage(tmp_path):
    error = refusal(tmp_path, HEADER + ROW + "bob\0,1,2024-01-05,1\n" + ROW)
    assert (error.rule, error.line) == ("file_damaged", 3)
    assert said(error, tmp_path) == (
        "orders.csv, line 3: a NUL character stands in it. The file is damaged: export it again."
    )


# ------------------------------------------------------------------------------------------- separator, quotes, header


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_separator_is_found(tmp_path, delimiter):
    assert load(tmp_path, (HEADER + ROW).replace(",", delimiter)).cells == [ANN]


def test_a_decimal_comma_is_no_separator(tmp_path):
    raw = load(tmp_path, "customer;order;date;amount\nann;1;2024-01-05;1,5\nann;2;2024-01-05;2.000,50\n")
    assert [row[3] for row in raw.cells] == ["1,5", "2.000,50"]


def test_single_quotes_are_quotes_where_every_row_has_them(tmp_path):
    rows = "'a, b',1,'2024-01-05',1\n'it''s',2,'2024-01-05',2\n"
    assert [row[0] for row in load(tmp_path, HEADER + rows).cells] == ["a, b", "it's"]
    assert load(tmp_path, HEADER + "'00123,1,2024-01-05,1\n").cells[0][0] == "'00123"


def test_excels_own_line_names_the_separator(tmp_path):
    raw = load(tmp_path, "sep=|\r\n" + (HEADER + ROW).replace(",", "|").replace("\n", "\r\n"))
    assert (raw.cells, raw.lines) == ([ANN], [3])


def test_lines_above_the_header_are_skipped_and_noted(tmp_path):
    raw = load(tmp_path, "Sales report; all regions\nmade by Ann\n\n" + HEADER + ROW + ROW)
    assert raw.lines == [5, 6]
    assert ("header_found", 4, "Sales report; all regions ⏎ made by Ann") in raw.noted


def test_headers_are_matched_exactly_and_then_without_blanks(tmp_path):
    raw = load(tmp_path, "\ufeff\u3000customer ,\xa0order,date, amount\n" + ROW)
    assert raw.cells == [ANN]


def test_a_table_above_the_header_is_no_preamble(tmp_path):
    above = "Region,Sum,Note\nNorth,5,a\nSouth,6,b\n\n"
    error = refusal(tmp_path, "Report\n" + above + HEADER + ROW)
    assert (error.rule, error.line, error.value) == ("two_tables", 2, "Region, Sum, Note")


def test_a_told_header_line_is_taken(tmp_path):
    assert load(tmp_path, HEADER + HEADER + ROW, header_line=2).lines == [3]
    error = refusal(tmp_path, HEADER + ROW, header_line=2)
    assert error.rule == "column_missing"
    assert refusal(tmp_path, HEADER + ROW, header_line=9).rule == "header"


def test_headers_that_stand_twice_matter_only_where_they_are_mapped(tmp_path):
    assert load(tmp_path, "note,note,Note," + HEADER + "1,2,3," + ROW).cells == [ANN]
    error = refusal(tmp_path, "customer," + HEADER + "x," + ROW)
    assert said(error, tmp_path) == (
        "orders.csv, line 1: the header has ['customer', 'customer'] more than once (capitals aside). "
        "Give each column a name of its own."
    )


def test_a_header_that_stands_again_is_set_aside(tmp_path):
    raw = load(tmp_path, HEADER + ROW + HEADER + ROW)
    assert raw.lines == [2, 4]
    assert raw.unread == [("orders.csv", 3, "header_repeated", "customer, date, order, amount")]


@pytest.mark.parametrize(
    ("below", "line"),
    [
        ("\nid,name,city\n1,Ann,Bonn\n", 4),
        ("order,customer,when,money\n1,ann,2024-01-05,10.00\n", 3),
        ("\nid,name,city,land,note\n1,Ann,Bonn,DE,x\n", 4),
    ],
)
def test_a_second_table_is_refused_with_its_line(tmp_path, below, line):
    error = refusal(tmp_path, HEADER + ROW + below)
    assert (error.rule, error.file, error.line) == ("two_tables", "orders.csv", line)
    assert f"orders.csv, line {line}: another table begins here, with the columns " in str(error)
    assert str(error).endswith("Save each table as a file of its own.")


# ---------------------------------------------------------------------------------------------------------------- rows


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("bob,2,2024-01-06", "row_short"),
        ("bob,2,2024-01-06,3,9", "row_long"),
        ('"bob"x,2,2024-01-06,3', "row_broken"),
        ("b" * 5_000_000 + ",2,2024-01-06,3", "row_broken"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_row_that_cannot_be_split_is_set_aside_and_nothing_else(tmp_path, row, rule, end):
    raw = load(tmp_path, (HEADER + ROW + row + "\n" + ROW).replace("\n", end))
    assert raw.unread == [("orders.csv", 3, rule, row[:200])]
    assert (raw.cells, raw.lines) == ([ANN, ANN], [2, 4])


@pytest.mark.parametrize("row", ["bob,2,2024-01-06", 'bob,2,2024-01-06,"3', 'bob,2,2024-01-06,"3\n'])
def test_a_last_line_that_is_cut_is_set_aside(tmp_path, row):
    raw = load(tmp_path, HEADER + ROW + row)
    assert [(found[1], found[3]) for found in raw.unread] == [(3, row.strip())]
    assert raw.cells == [ANN]


@pytest.mark.parametrize(
    "rows",
    [
        'bob,2,2024-01-06,"3\n' + ROW * 3,
        '"bob,2,2024-01-06,3\n' + ROW + '"cid",3,2024-01-07,4\n',
        'bob,"5 inch,2024-01-05,1\ncid,x,2024-01-05,1\ndora,4",2024-01-05,1\n',
    ],
)
def test_a_quote_that_swallows_rows_is_refused_where_it_opens(tmp_path, rows):
    error = refusal(tmp_path, HEADER + ROW + rows)
    first = rows.split("\n")[0]
    assert (error.rule, error.file, error.line, error.value) == ("quote_open", "orders.csv", 3, first)
    assert "line 3: a quote opens here and is not closed before line" in str(error)
    assert "Close the quote, or write it twice" in str(error)


def test_lines_are_those_of_the_file_whatever_stands_between(tmp_path):
    #                               2      3-4                                  5     6     7       8
    raw = load(
        tmp_path, HEADER + ROW + '"two\nlines",2,2024-01-05,1\n' + "\n" + ROW + "  \n" + '"x\r\ny",4,2024-01-05,1'
    )
    assert raw.lines == [2, 3, 6, 8]
    assert [row[0] for row in raw.cells] == ["ann", "two\nlines", "ann", "x\r\ny"]


def test_line_ends_may_be_mixed(tmp_path):
    raw = load(tmp_path, HEADER + ROW.replace("\n", "\r\n") + ROW.replace("\n", "\r") + ROW)
    assert (raw.lines, raw.cells) == ([2, 3, 4], [ANN] * 3)


def test_separators_at_the_end_of_lines_are_no_columns(tmp_path):
    assert load(tmp_path, HEADER + ROW.replace("\n", ",\n")).cells == [ANN]
    assert load(tmp_path, HEADER.replace("\n", ",,\n") + ROW).cells == [ANN]
    assert load(tmp_path, HEADER.replace("\n", ",,\n") + ROW.replace("\n", ",,,,\n")).cells == [ANN]


def test_blanks_beside_quotes_are_no_part_of_a_value(tmp_path):
    rows = '"a, b", "1" ,"2024-01-05",1\n'
    for content in (HEADER + rows, HEADER + rows + "\n" + ROW):  # read quickly, and carefully
        assert load(tmp_path, content).cells[0] == ("a, b", "1", "2024-01-05", "1")


def test_the_first_cell_of_a_row_is_kept(tmp_path):
    assert load(tmp_path, "," + HEADER + "合计,,,,5\n," + ROW).first_cells == ["合计", "ann"]


def test_many_rows_keep_their_lines(tmp_path):
    count = 400_000 if is_deep() else 130_000  # DuckDB hands 122,880 rows to a thread
    rows = "".join(f"c{number},{number},2024-01-05,1\n" for number in range(2, count))
    raw = load(tmp_path, HEADER + rows)
    assert all(int(row[3]) == row[1] for row in raw.rows)
    assert raw.sources[0].fast is not None
    short = load(tmp_path, HEADER + rows + "bob\n")
    assert all(int(row[3]) == row[1] for row in short.rows)
    assert short.unread == [("orders.csv", count, "row_short", "bob")]


_CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r'"), max_size=8) | st.sampled_from(
    ["a;b", "x,y", '"q"', "it's", "two\nlines", " lead", "客户", "é", "1,5"]
)


@given(
    rows=st.lists(st.tuples(_CELLS, _CELLS, _CELLS, _CELLS), min_size=1, max_size=5),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "gb18030"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
@examples(20, 200)
def test_what_python_writes_is_read_to_the_letter(rows, delimiter, end, encoding, quoting):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([["customer", "order", "date", "amount"], *rows])
    with tempfile.TemporaryDirectory() as folder:
        try:
            raw = load(Path(folder), text.getvalue().encode(encoding), delimiter=delimiter, encoding=encoding)
        except DataError as error:
            assert error.rule in ("quote_open", "two_tables"), error  # noqa: PT017
            return
    assert raw.unread == []
    assert raw.cells == [tuple(cell or None for cell in row) for row in rows]


@given(st.binary(max_size=300) | st.tuples(st.just((HEADER + ROW).encode()), st.binary(max_size=60)).map(b"".join))
@examples(40, 600)
def test_any_bytes_are_read_or_refused(content):
    with tempfile.TemporaryDirectory() as folder:
        try:
            load(Path(folder), content)
        except (DataError, SettingsError) as error:
            assert "orders.csv" in str(error)  # noqa: PT017


def test_a_told_header_line_that_is_none_is_refused_with_the_right_one(tmp_path):
    found = refusal(tmp_path, "sales\n" + HEADER + ROW, header_line=3)
    assert (found.rule, found.line) == ("column_missing", 3)
    assert "`read.header_line: 3`" in str(found)
    assert "lacks customer, date, order, amount" in str(found)
    assert "say `header_line: 2`" in str(found)


def test_one_broken_byte_in_chinese_is_named_with_its_line(tmp_path):
    rows = "".join(f"\u5ba2\u6237\u7532,{number},2024-01-05,10.00\n" for number in range(1, 9))
    found = refusal(tmp_path, (HEADER + rows).encode("gb18030") + b"\xff,9,2024-01-05,10.00\n")
    assert (found.rule, found.line, found.value) == ("encoding", 10, "0xff")


def test_a_very_long_name_of_a_column_is_said_to_be_one(tmp_path):
    assert "3,000 characters" in str(refusal(tmp_path, "x" * 3000 + "," + HEADER + "1," + ROW))


def orders(names, head=HEADER, end="\n"):
    return (head + "".join(f"{name},{n},2024-01-05,1\n" for n, name in enumerate(names))).replace("\n", end)


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("mac-roman", ["Müller", "Bäckerei Schröder", "Café Zoë"]),
        ("mac-roman", ["García", "Señor Muñoz", "Málaga"]),
        ("windows-1252", ["Müller", "L’Oréal", "Škoda", "Žižka", "Göteborg"]),
        ("windows-1252", ["Søren", "Ærø", "Bäcker", "Père", "René", "Muñoz"]),
        ("windows-1250", ["Wrocław", "Łódź", "Dąbrowski"]),
        ("windows-1250", ["Škoda", "Příbram", "Tomáš Dvořák", "České Budějovice"]),
        ("windows-1251", ["Москва", "Иванов Пётр"]),
        ("koi8-r", ["Москва", "Санкт-Петербург", "Торговый дом", "Иванов Пётр"]),
        ("cp949", ["주식회사 한국상사", "삼성전자", "김철수"]),
        ("cp932", ["トヨタ自動車株式会社", "東京商事"]),
        ("cp932", ["日本電気株式会社", "三菱商事"]),
        ("cp950", ["台灣積體電路製造公司", "台北市"]),
        ("gb18030", ["广州市天河区贸易有限公司", "客户甲", "鑫淼商贸"]),
    ],
)
def test_what_comes_out_tells_the_encoding(tmp_path, encoding, names):
    raw = load(tmp_path, orders(names).encode(encoding))
    assert [row[0] for row in raw.cells] == names
    assert ("encoding_found", None, encoding) in raw.noted


def test_returns_alone_speak_for_an_old_mac(tmp_path):
    assert load(tmp_path, orders(["Köln"], end="\r").encode("mac-roman")).cells[0][0] == "Köln"
    assert load(tmp_path, orders(["Hôtel Béarn"], end="\r").encode("windows-1252")).cells[0][0] == "Hôtel Béarn"


def test_wanted_headers_tell_the_encoding(tmp_path):
    columns = {"customer_id": "得意先", "order_id": "受注番号", "order_date": "受注日", "amount": "金額"}
    content = "得意先,受注番号,受注日,金額\n山,1,2024-01-05,1\n"
    for encoding in ("euc-jp", "cp932"):
        assert load(tmp_path, content.encode(encoding), columns=columns).cells == [("山", "1", "2024-01-05", "1")]


# -------------------------------------------------------------------------------------------------- rare separators


@pytest.mark.parametrize("sign", ["\x01", "\x1f", "^", "~"])
def test_a_rare_separator_is_found(tmp_path, sign):
    raw = load(tmp_path, (HEADER + ROW + 'b"b, 2,2,2024-01-06,3\n'.replace(", ", " ")).replace(",", sign))
    assert raw.cells == [ANN, ('b"b 2', "2", "2024-01-06", "3")]


@pytest.mark.parametrize("written", ["\x01", "\\x01", "\\001", "\\u0001", "^A"])
def test_a_control_sign_may_be_written_in_every_way(tmp_path, written):
    assert load(tmp_path, (HEADER + ROW).replace(",", "\x01"), delimiter=written).cells == [ANN]


def test_a_rare_separator_that_is_not_plain_is_named(tmp_path):
    content = (HEADER + ROW + "bob,2\n").replace(",", "\x01")
    error = refusal(tmp_path, content)
    assert (error.rule, error.line) == ("header", 1)
    assert "`\\x01` stands in the header 3 times" in str(error)
    assert 'say `read: {delimiter: "\\x01"}`' in str(error)
    assert load(tmp_path, content, delimiter="\x01").unread == [("orders.csv", 3, "row_short", "bob\x012")]


def test_a_caret_in_a_header_is_no_separator(tmp_path):
    content = (HEADER + ROW).replace("amount", "amount,a^b^c").replace("10.00", "10.00,x^y^z")
    assert load(tmp_path, content).cells == [ANN]
