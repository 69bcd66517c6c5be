"""What a file holds is read as it stands, or refused with file, line, column, value and remedy; nothing else happens."""

from __future__ import annotations

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path

import duckdb
import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from kalib import ledger
from kalib.errors import DataError, KalibError, MissingColumnsError, SettingsError
from kalib.ledger import read, typed
from kalib.ledger.source import Input
from kalib.ledger.text import name_columns
from kalib.settings import Job, Read

from .conftest import COLUMNS, HEADER, LINE, Desk
from .reading import load, said
from .reading import refusal as load_refusal

GB = (HEADER + "客户,1,2024-01-05,10.00\n").encode("gb18030")


def refusal(desk: Desk, content: str | bytes | None = None, **settings: object) -> KalibError:
    """Return the refusal of a log, and check that it left nothing behind and the file as it was."""
    with pytest.raises(KalibError) as caught:
        desk.build(content, **settings)
    assert not desk.out.exists()
    if content is not None:
        assert (desk.folder / "orders.csv").read_bytes() == (content.encode() if isinstance(content, str) else content)
    return caught.value


def test_a_missing_file_is_named_with_the_job_file(desk):
    said = str(refusal(desk))
    for part in (str(desk.folder / "orders.csv"), "there is no such file", "job.yaml", f"start from {desk.folder}"):
        assert part in said
    assert "there is no such file" in str(refusal(desk, source="*.csv"))


@pytest.mark.parametrize("source", ["o" * 5000, "~nobody-of-this-name/orders.csv", "", "orders\x00.csv"])
def test_a_name_that_no_file_can_have_is_refused(desk, source):
    assert isinstance(refusal(desk, source=source), DataError)
    desk.put(HEADER + LINE)
    assert isinstance(refusal(desk, accounts=source or "none"), DataError)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("", "the file is empty"),
        ("\n\n", "line 1: the header is empty"),
        (b"\xef\xbb\xbf", "line 1: the header is empty"),
        (HEADER, "there is a header and no order line below it"),
        (HEADER.strip(), "there is a header and no order line below it"),
    ],
)
def test_a_file_without_orders_is_refused(desk, content, part):
    said = str(refusal(desk, content))
    assert part in said
    assert "orders.csv" in said


def test_a_missing_column_is_refused_with_the_nearest_header(desk):
    error = refusal(desk, "Customers,order,date,amount\n" + LINE)
    assert isinstance(error, MissingColumnsError)
    for part in (
        "lacks ['customer']",
        "it has ['Customers', 'order', 'date', 'amount']",
        "`customer`: did you mean `Customers`?",
        "`columns:`",
        "job.yaml",
    ):
        assert part in str(error)


@pytest.mark.parametrize(("header", "twice"), [("date,date", "['date', 'date']"), ("Date,date", "['Date', 'date']")])
def test_a_header_that_stands_twice_is_refused(desk, header, twice):
    said = str(refusal(desk, f"customer,order,amount,{header}\nann,1,1,2024-01-05,2024-01-05\n"))
    assert f"line 1: the header has {twice} more than once" in said
    assert "Give each column a name of its own" in said


def test_headers_without_a_name_are_no_trouble(desk):
    assert desk.build("customer,order,date,amount,,,column 5\nann,1,2024-01-05,1,,,\n").rows_used == 1


def test_the_encoding_is_refused_and_read_when_told(desk):
    error = refusal(desk, GB, read={"encoding": "utf-8"})
    assert (error.rule, error.line) == ("encoding", 2)
    for part in ("is not utf-8", "read: {encoding: gb18030}"):
        assert part in str(error)
    desk.build(GB, read={"encoding": "gb18030"})
    assert desk.table("customers").customer_id.tolist() == ["客户"]
    assert "is not gb18030" in str(refusal_of_second_build(desk, HEADER.encode() + b"\xff\xff,1,2024-01-05,1\n"))


def refusal_of_second_build(desk: Desk, content: bytes) -> KalibError:
    """Return the refusal of a log that comes after a good one, and check that the good one's tables stay."""
    before = {path: path.read_bytes() for path in desk.out.rglob("*") if path.is_file()}
    with pytest.raises(KalibError) as caught:
        desk.build(content, read={"encoding": "gb18030"})
    assert {path: path.read_bytes() for path in desk.out.rglob("*") if path.is_file()} == before
    return caught.value


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "UTF_8", "windows-1252"])
def test_other_encodings_are_read(desk, encoding):
    assert desk.build((HEADER + LINE * 2).encode(encoding), read={"encoding": encoding}).rows_used == 2


@pytest.mark.parametrize("encoding", ["klingon", "base64", "undefined", "utf\x00", "", "utf-16"])
def test_an_encoding_that_is_none_or_another_is_refused(desk, encoding):
    assert "ncoding" in str(refusal(desk, HEADER + LINE, read={"encoding": encoding}))


def test_characters_that_exist_in_no_text_are_refused(desk):
    assert isinstance(refusal(desk, HEADER + "+2AA-,1,2024-01-05,3\n", read={"encoding": "utf-7"}), DataError)


def test_a_quote_that_is_never_closed_in_the_header_is_refused_shortly(desk):
    said = str(refusal(desk, 'customer,"order,date,amount\n' + LINE * 1000))
    assert "a quote in the header is not closed" in said
    assert len(said) < 300


@pytest.mark.parametrize("delimiter", ["||", '"', "\n", "-----"])
def test_a_delimiter_that_is_none_is_refused(desk, delimiter):
    error = refusal(desk, HEADER + LINE, read={"delimiter": delimiter})
    assert isinstance(error, SettingsError)
    assert "must be one character" in str(error)


@pytest.mark.parametrize("delimiter", [";", "\t", "|", "☂"])
def test_delimiters_are_found_or_told(desk, delimiter):
    read = {"delimiter": delimiter} if delimiter == "☂" else {}
    assert desk.build((HEADER + LINE).replace(",", delimiter), read=read).rows_used == 1


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("orders.pdf", b"%PDF-1.7", "this is a PDF"),
        ("orders.dat", b"a,b\n", "this version reads .csv, .tsv, .txt, .tab, .parquet, .pq"),
        ("orders.parquet", b"PAR1abc", "not a readable Parquet file"),
        ("orders.parquet", b"customer,order\n" * 9, "not a readable Parquet file"),
    ],
)
def test_other_kinds_of_file_are_refused(desk, name, content, part):
    desk.put(content, name)
    said = str(refusal(desk, source=name))
    assert part in said
    assert name in said


def test_a_decimal_wider_than_can_be_read_is_refused(desk):
    table = {
        "customer": ["a"],
        "order": ["1"],
        "date": [dt.date(2024, 1, 5)],
        "amount": pa.array([1], pa.decimal256(60, 2)),
    }
    pq.write_table(pa.table(table), desk.folder / "orders.parquet")
    assert "column amount: a decimal of more than 38 digits" in str(refusal(desk, source="orders.parquet"))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_read(desk, end):
    assert desk.build((HEADER + LINE * 2).replace("\n", end)).rows_used == 2


def test_files_glued_together_with_two_kinds_of_line_end_are_read(desk):
    text = (HEADER + LINE).replace("\n", "\r\n") + LINE + 'bob,"2\n3",2024-01-05,1\r\n'
    assert desk.build(text).rows_used == 3
    assert (desk.folder / "orders.csv").read_bytes() == text.encode()


def test_lines_are_those_of_the_file_whatever_stands_between(desk):
    #                    1        2      3                              5     7
    desk.build(HEADER + LINE + '"two\nlines",2,2024-01-05,1\n' + "\n" + LINE + "\nbob,3,,1\n" + '"x\r\ny",4,,1')
    aside = desk.table("set_aside")
    assert aside.line.tolist() == [8, 9]
    assert ledger.read_report(desk.out).issues[1]["line"] == 6  # the repeat of line 2


def test_odd_headers_are_only_names(desk):
    header = """customer,order,date,amount,__line,line,file,"it's {""odd""}",whole,file_row_number\n"""
    assert desk.build(header + "ann,1,2024-01-05,1,7,8,9,10,11,12\n").rows_used == 1


def test_a_name_with_the_signs_of_a_pattern_is_only_a_name(desk):
    for name, customer in (("o[1].csv", "right"), ("o1.csv", "wrong"), ("it's*.csv", "right"), ("it's2.csv", "wrong")):
        desk.put(HEADER + LINE.replace("ann", customer), name)
    for name in ("o[1].csv", "it's*.csv"):
        report = desk.build(source=name)
        assert desk.table("customers").customer_id.tolist() == ["right"]
        assert list(report.inputs) == [name]


def test_several_files_are_one_log(desk):
    desk.put(HEADER + "ann,1,2024-01-05,1\n", "2024/orders.csv")
    desk.put("amount;date;order;customer\n2;2023-01-05;2;ann\n", "2023/orders.csv")
    report = desk.build(source="*/orders.csv")
    assert report.rows_used == 2
    assert list(report.inputs) == ["2023/orders.csv", "2024/orders.csv"]
    assert len(set(report.inputs.values())) == 2
    assert desk.table("customers").net_sales.tolist() == [3.0]


def test_files_of_one_name_in_another_encoding_are_not_mixed_up(desk):
    for year, name in ((2023, "安"), (2024, "李")):
        desk.put((HEADER + f"{name},1,{year}-01-05,1\n").encode("gb18030"), f"{year}/orders.csv")
    desk.build(source=["2023/orders.csv", "2024/orders.csv"], read={"encoding": "gb18030"})
    assert desk.table("customers").customer_id.tolist() == ["安", "李"]


def test_the_second_file_is_named_when_it_is_the_one_refused(desk):
    desk.put(HEADER + LINE, "a.csv")
    desk.put(HEADER + LINE + 'bob,"x,2024-01-05,1\n' + LINE, "b.csv")
    error = refusal(desk, source=["a.csv", "b.csv"])
    assert (error.file, error.line) == ("b.csv", 3)


def test_a_pattern_and_a_name_read_a_file_once(desk):
    desk.put(HEADER + LINE, "a.csv")
    assert desk.build(source=["a.csv", "*.csv"]).rows_read == 1


@pytest.mark.parametrize(("decimal", "point"), [(".", "."), (",", ",")])
def test_files_that_differ_in_type_lose_no_digit(desk, decimal, point):
    day = dt.date(2024, 1, 5)
    whole = {"customer": [1, 2], "order": [1, 2], "date": [day, day], "amount": [1, 2]}
    parts = {
        "customer": [1.0, 2.0],
        "order": ["3", "4"],
        "date": [dt.datetime(2024, 1, 6, 9), None],
        "amount": [2.55, 3.25],
    }
    pq.write_table(pa.table(whole), desk.folder / "a.parquet")
    pq.write_table(pa.table(parts), desk.folder / "b.parquet")
    desk.put(f"customer;order;date;amount\n1;5;2024-01-07;0{point}45\n", "c.csv")
    desk.build(source=["a.parquet", "b.parquet", "c.csv"], read={"decimal": decimal})
    assert desk.table("customers")[["customer_id", "orders", "net_sales"]].values.tolist() == [
        ["1", 3, 4.0],
        ["2", 1, 2.0],
    ]


def test_an_overlap_of_two_files_is_found_whatever_the_order_of_columns(desk):
    rows = [(f"c{n}", str(n), "2024-01-05", f"{n}.00") for n in range(25)]
    desk.put("\n".join([HEADER.strip(), *map(",".join, rows)]) + "\n", "a.csv")
    desk.put("\n".join(["amount,date,order,customer", *(",".join(row[::-1]) for row in rows)]) + "\n", "b.csv")
    assert desk.build(source=["a.csv", "b.csv"]).rows_used == 25


def test_the_input_is_only_read(desk):
    path = desk.put(HEADER + LINE)
    path.chmod(0o444)
    before = path.stat().st_mtime_ns
    desk.build()
    assert (path.read_text(), path.stat().st_mtime_ns) == (HEADER + LINE, before)
    assert sorted(item.name for item in desk.folder.iterdir()) == ["orders.csv", "out"]
    assert sorted(item.name for item in desk.out.iterdir()) == ["ledger", "ledger.json", "tables"]


def test_the_report_is_read_back_as_it_was(desk):
    report = desk.build(HEADER + LINE + "bob,2,,1\n")
    assert ledger.read_report(desk.out) == report


NASTY = {
    "list": {"customer": [["a"], ["b"]]},
    "struct": {"amount": [{"x": 1}, {"x": 2}]},
    "date as money": {"amount": [dt.date(2024, 1, 5)] * 2},
    "number as date": {"date": [45296.0, 45297.0]},
    "yes as date": {"date": [True, False]},
    "time as date": {"date": [dt.time(1), dt.time(2)]},
    "nothing as date": {"date": pa.nulls(2)},
    "nothing as customer": {"customer": pa.nulls(2)},
    "nothing as money": {"amount": pa.nulls(2)},
    "bytes": {"customer": [b"a\xff", b"b"]},
    "huge customer": {"customer": [1e300, 1.0]},
    "large integer": {"customer": pa.array([2**64 - 1, 2], pa.uint64())},
    "categories": {"customer": pa.array(["a", "b"]).dictionary_encode()},
    "map": {"more": pa.array([[("k", 1)], [("k", 2)]], pa.map_(pa.string(), pa.int64()))},
    "our own names": {
        "file_row_number": [1, 2],
        "filename": ["x", "y"],
        "__line": [7, 8],
        "file": [1, 2],
        "whole": [1, 2],
    },
    "other case": {"Amount": [5.0, 6.0]},
    "exact": {"amount": pa.array([Decimal("1.5"), Decimal("2.5")], pa.decimal128(38, 20))},
}


@pytest.mark.parametrize("columns", NASTY.values(), ids=NASTY)
def test_odd_typed_files_are_read_or_refused_and_never_crash(desk, columns):
    table = {
        "customer": ["a", "b"],
        "order": ["1", "2"],
        "date": [dt.date(2024, 1, 5)] * 2,
        "amount": [1.5, 2.5],
        **columns,
    }
    pq.write_table(pa.table(table), desk.folder / "orders.parquet")
    try:
        assert desk.build(source="orders.parquet").rows_read == 2
    except KalibError as error:
        assert "orders.parquet" in str(error)  # noqa: PT017  (either is right)


def test_csv_and_parquet_say_the_same(desk):
    report = desk.build(HEADER + LINE + "bob,2,2024-01-06,-3.10\n")
    from_csv = {name: desk.table(name) for name in ("customers", "months", "order_days", "quality")}
    table = {
        "customer": ["ann", "bob"],
        "order": [1, 2],
        "date": [dt.date(2024, 1, 5), dt.date(2024, 1, 6)],
        "amount": [10.0, -3.1],
    }
    pq.write_table(pa.table(table), desk.folder / "orders.parquet")
    other = desk.build(source="orders.parquet")
    assert (other.as_of, other.rows_used, other.sales_used) == (report.as_of, report.rows_used, report.sales_used)
    for name, frame in from_csv.items():
        pd.testing.assert_frame_equal(frame, desk.table(name))


def test_a_column_may_be_mapped_twice(desk):
    columns = {**COLUMNS, "order_id": "date"}
    assert desk.build(HEADER + LINE, columns=columns).rows_used == 1


# ------------------------------------------------------------------------------------------- folders, Parquet and names


def put_parquet(path: Path, **columns: object) -> None:
    """Write a Parquet file of one or two orders, with other columns where they are given."""
    whole = {"customer": ["ann"], "order": ["1"], "date": [dt.date(2024, 1, 5)], "amount": [1.5], **columns}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(whole), path)


def test_a_folder_of_parquet_is_one_table_with_its_partitions(tmp_path):
    for region in ("EU%20west", "007"):
        for number in (1, 2):
            put_parquet(tmp_path / f"orders/region={region}/part-{number}.parquet", customer=[f"{region} {number}"])
    (tmp_path / "orders/_SUCCESS").write_text("")
    (tmp_path / "orders/.part.crc").write_text("x")
    raw = load(tmp_path, source="orders", columns={**COLUMNS, "category": "region"})
    assert [(row[0], row[1], row[6]) for row in raw.rows] == [
        ("region=007/part-1.parquet", 1, "007"),
        ("region=007/part-2.parquet", 1, "007"),
        ("region=EU%20west/part-1.parquet", 1, "EU west"),
        ("region=EU%20west/part-2.parquet", 1, "EU west"),
    ]
    before = read.hash_file(tmp_path / "orders")
    put_parquet(tmp_path / "orders/region=007/part-2.parquet", customer=["changed"])
    assert read.hash_file(tmp_path / "orders") != before


def test_parquet_files_that_differ_in_type_or_columns_lose_nothing(tmp_path):
    put_parquet(tmp_path / "orders/a.parquet", customer=[2**53 + 1], amount=[Decimal("1.10")])
    put_parquet(tmp_path / "orders/b.parquet", customer=[1.5], amount=[0.1], more=["x"])
    raw = load(tmp_path, source="orders")
    assert [(row[0], row[2], str(row[5])) for row in raw.rows] == [
        ("a.parquet", "9007199254740993", "1.10"),
        ("b.parquet", "1.5", "0.1"),
    ]


@pytest.mark.parametrize(
    ("columns", "rule", "message"),
    [
        (
            {"customer": [["a"]]},
            "column_kind",
            "o.parquet, column customer: its type VARCHAR[] is no text, number or date. Save it as one.",
        ),
        (
            {"amount": [{"x": 1}]},
            "column_kind",
            "o.parquet, column amount: its type STRUCT(x BIGINT) is no text, number or date. Save it as one.",
        ),
        (
            {"customer": [b"a"]},
            "column_kind",
            "o.parquet, column customer: its type BLOB is no text, number or date. Save it as one.",
        ),
        (
            {"amount": pa.array([1], pa.decimal256(60, 2))},
            "number_too_wide",
            "o.parquet, column amount: a decimal of more than 38 digits. Save it with fewer.",
        ),
    ],
    ids=["list", "struct", "bytes", "wide"],
)
def test_parquet_of_types_that_are_no_value_is_refused_with_the_column(tmp_path, columns, rule, message):
    put_parquet(tmp_path / "o.parquet", **columns)
    error = load_refusal(tmp_path, source="o.parquet")
    assert (error.rule, error.column, said(error, tmp_path)) == (rule, next(iter(columns)), message)
    title = next(iter(columns))
    put_parquet(tmp_path / "p.parquet", **{f"not mapped {title}": columns[title]})
    assert len(load(tmp_path, source="p.parquet").rows) == 1


def test_blanks_around_the_titles_of_parquet_do_not_matter(tmp_path):
    whole = {" customer": ["ann"], "order": ["1"], "date": ["2024-01-05"], "amount\u3000": ["1"]}
    pq.write_table(pa.table(whole), tmp_path / "o.parquet")
    assert load(tmp_path, source="o.parquet").cells == [("ann", "1", "2024-01-05", "1")]


def test_a_folder_of_text_is_its_files(tmp_path):
    for name, content in (
        ("in/b.csv", HEADER + LINE),
        ("in/deep/a.tsv", "amount\tdate\torder\tcustomer\n5\t2024-01-05\t2\t客户\n".encode("utf-16")),
        ("in/.hidden.csv", "x"),
        ("in/_tmp/c.csv", "x"),
        ("in/readme.md", "x"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    (tmp_path / "in/loop").symlink_to(tmp_path / "in")
    raw = load(tmp_path, source="in")
    assert [row[0] for row in raw.rows] == ["a.tsv", "b.csv"]
    assert raw.cells[0] == ("客户", "2", "2024-01-05", "5")
    (tmp_path / "none").mkdir()
    assert "there is no file in this folder that is read" in str(load_refusal(tmp_path, source="none"))


@pytest.mark.parametrize(
    "name",
    ["o'r'd.csv", 'a"b.csv', "a b [1].csv", "两\n行.csv", "a;DROP TABLE raw;.csv", "{x}.csv", "$HOME.csv", "*.csv"],
)
def test_names_are_only_names(tmp_path, name):
    assert load(tmp_path, HEADER + LINE, name).rows[0][0] == name
    whole = {" customer": ["a"], "order": ["1"], "date": [dt.date(2024, 1, 5)], "amount": [1.5]}
    pq.write_table(pa.table(whole), tmp_path / f"{name}.parquet")
    assert load(tmp_path, source=f"{name}.parquet").rows[0][0] == f"{name}.parquet"


def test_one_table_is_opened_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.csv"
    with duckdb.connect() as con:
        path.write_text("preamble\n\nid,name\n1,Ann\n2,Bob\n")
        source = read.open_source(con, path, Read(), scratch=tmp_path, wanted=["id"])
        assert con.execute(f"SELECT id, __line FROM ({source.scan})").fetchall() == [("1", 4), ("2", 5)]
        assert (source.header_line, source.delimiter, source.encoding) == (3, ",", "utf-8")
        path.write_text("id,name\n1,Ann\n2\n")
        with pytest.raises(DataError) as caught:
            read.open_source(con, path, Read(), scratch=tmp_path)
        assert said(caught.value, tmp_path) == (
            "a.csv, line 3: the row has fewer fields than the header's 2 columns: '2'. Correct the line."
        )


@pytest.mark.parametrize("second", ["amount", "Amount", " amount"])
def test_a_column_of_parquet_that_stands_there_twice_is_refused(tmp_path, second):
    values = [pa.array(["ann"]), pa.array(["1"]), pa.array(["2024-01-05"]), pa.array(["10.00"]), pa.array(["1.00"])]
    pq.write_table(pa.table(values, names=["customer", "order", "date", "amount", second]), tmp_path / "orders.parquet")
    found = load_refusal(tmp_path, name="orders.parquet")
    assert (found.rule, found.column) == ("header_twice", "amount")


def test_a_name_within_a_column_of_parquet_is_no_column(tmp_path):
    inner = pa.array([{"amount": 1, "deeper": {"amount": 2}}])
    values = [pa.array(["ann"]), pa.array(["1"]), inner, pa.array(["2024-01-05"]), pa.array(["10.00"])]
    pq.write_table(pa.table(values, names=["customer", "order", "more", "date", "amount"]), tmp_path / "orders.parquet")
    assert load(tmp_path, name="orders.parquet").cells == [("ann", "1", "2024-01-05", "10.00")]


def test_a_folder_with_the_sign_of_a_partition_is_only_a_folder(tmp_path):
    assert load(tmp_path, HEADER + LINE, "customer=x/orders.csv").cells[0][0] == LINE.split(",")[0]


def test_the_file_of_a_folder_that_lacks_a_column_is_named(tmp_path):
    (tmp_path / "orders").mkdir()
    columns = {"customer": ["ann"], "order": ["1"], "date": ["2024-01-05"], "amount": ["10.00"]}
    pq.write_table(pa.table(columns), tmp_path / "orders" / "a.parquet")
    del columns["amount"]
    pq.write_table(pa.table(columns), tmp_path / "orders" / "b.parquet")
    assert str(tmp_path / "orders" / "b.parquet") in str(load_refusal(tmp_path, source="orders"))


def test_parquet_that_is_cut_says_so_without_the_words_of_the_reader(tmp_path):
    found = load_refusal(tmp_path, b"PAR1" + bytes(90), "orders.parquet")
    assert "not a readable Parquet file" in str(found)
    assert "Error" not in str(found)


@pytest.mark.parametrize("change", ["replaced", "rewritten", "removed"])
@pytest.mark.parametrize("which", ["orders.csv", "accounts.csv"])
def test_a_file_that_changes_while_it_is_read_is_refused(desk, monkeypatch, which, change):
    path = desk.put("customer_id,name\nann,Ann\n", "accounts.csv")
    path = desk.put(HEADER + LINE) if which == "orders.csv" else path
    open_job = read.open_job

    def open_and_change(con, job, files, **given):
        opened = open_job(con, job, files, **given)
        if path in files:
            other = path.read_bytes().replace(b"ann", b"bob")
            if change == "rewritten":
                times = path.stat().st_atime_ns, path.stat().st_mtime_ns
                path.write_bytes(other)
                os.utime(path, ns=times)
            else:
                path.unlink()
            if change == "replaced":
                path.write_bytes(other)
        return opened

    monkeypatch.setattr(read, "open_job", open_and_change)
    desk.put(HEADER + LINE)
    with pytest.raises(DataError, match=rf"{which}: the file was changed while it was read.*Run again") as caught:
        desk.build(accounts="accounts.csv")
    assert caught.value.rule == "file_changed"
    assert not desk.out.exists()


def unfolding(folder: Path, customer: str, rows: int) -> Path:
    """Write a small Parquet file that stands for much more."""
    file = folder / "orders.parquet"
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT {customer} AS customer, '1' AS \"order\", DATE '2024-01-05' AS date, 1.0 AS amount FROM range({rows})) "
            f"TO '{file}' (FORMAT parquet, ROW_GROUP_SIZE {rows})"
        )
    return file


@pytest.mark.parametrize(
    ("customer", "rows"), [("'ann'", 2_500_000), ("repeat('a', 10000)", 20_000)], ids=["rows", "texts"]
)
def test_parquet_that_unfolds_out_of_proportion_is_refused(desk, customer, rows):
    file = unfolding(desk.folder, customer, rows)
    assert file.stat().st_size < 20_000
    with pytest.raises(
        DataError, match=r"orders\.parquet: .* unfold to [\d,]+ or more, over 250 times .* write it as CSV"
    ) as caught:
        desk.build(source="orders.parquet")
    assert caught.value.rule == "packed_too_large"


def test_parquet_that_is_merely_well_packed_is_read(desk):
    unfolding(desk.folder, "'ann' || range", 10_000)
    assert desk.build(source="orders.parquet", read={"duplicates": "keep"}).rows_read == 10_000


HEADERS_OF_OTHERS = [
    ("ORDER DATE", "customer id", "Amount"),
    ("OrderDate", "Customer\u00a0ID", " AMOUNT "),
    ("Ｏｒｄｅｒ　Ｄａｔｅ", "ＣｕｓｔｏｍｅｒID", "amount"),
]


@pytest.mark.parametrize("headers", HEADERS_OF_OTHERS, ids=lambda headers: headers[1])
@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_a_header_that_differs_in_case_width_or_blanks_is_the_same(tmp_path, headers, ending):
    rows = [("2024-01-05", "a", "10"), ("2024-01-06", "b", "20")]
    path = tmp_path / f"orders.{ending}"
    if ending == "csv":
        path.write_text(
            "\n".join(",".join(row) for row in [("Report of May", "", ""), headers, *rows]), encoding="utf-8"
        )
    elif ending == "xlsx":
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate([headers, *rows]):
                sheet.write_row(number, 0, row)
    else:
        pq.write_table(pa.table(dict(zip(headers, zip(*rows, strict=True), strict=True))), path)
    with duckdb.connect() as con:
        found = read.open_sources(con, path, Read(), scratch=tmp_path, wanted=["Customer ID", "Order Date", "Amount"])
        assert list(found[0].columns) == ["Order Date", "Customer ID", "Amount"]


def test_a_header_that_two_others_would_fit_is_missing():
    assert name_columns(["a b", "Ab", "c"], ["AB", "C"], given=Input(Path(), Path(), "f", "f"), line=1) == [
        "a b",
        "Ab",
        "C",
    ]
    assert name_columns(["a_b"], ["ab"], given=Input(Path(), Path(), "f", "f"), line=1) == ["a_b"]


def test_a_table_of_a_database_has_the_same_header_in_another_case(tmp_path):
    connection = ibis.duckdb.connect(tmp_path / "orders.duckdb")
    connection.raw_sql(
        "CREATE TABLE t AS SELECT DATE '2024-01-05' AS \"ORDER DATE\", 'a' AS \"customer  id\", 10.5 AS amount"
    )
    settings = {
        "job": "orders",
        "source": f"duckdb://{tmp_path}/orders.duckdb",
        "table": "t",
        "columns": {"customer_id": "Customer ID", "order_date": "Order Date", "amount": "Amount"},
        "file": tmp_path / "job.yaml",
    }
    found = typed.open_table(Job.model_validate(settings), connection).drop("whole").to_pyarrow().to_pylist()
    assert found == [{"file": "t", "customer_id": "a", "order_date": dt.date(2024, 1, 5), "amount": Decimal("10.5")}]
    missing = Job.model_validate(settings | {"columns": settings["columns"] | {"order_id": "Amount"}})
    assert typed.open_table(missing, connection).order_id.to_pyarrow().to_pylist() == [Decimal("10.5")]
    with pytest.raises(MissingColumnsError, match="did you mean `amount`"):
        typed.open_table(
            Job.model_validate(settings | {"columns": settings["columns"] | {"amount": "amounts"}}), connection
        )
