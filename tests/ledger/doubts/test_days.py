"""Doubts about days: the layouts that raise them, with figures worked out by hand, and honest logs that raise none."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path
from types import SimpleNamespace

import duckdb
import ibis
import pytest

from kalib.ledger import dates
from kalib.ledger.doubts import days
from kalib.ledger.source import Source

EXCHANGED = {
    "/": [
        ("2024-03-01", "2024-05-01", "2024-08-01", "2024-11-01", "2024-12-03"),
        ("15/01/2024", "19/02/2024", "28/03/2024"),
    ],
    ".": [
        ("2024-03-01", "2024-05-01", "2024-08-01", "2024-11-01", "2024-12-03"),
        ("15.01.2024", "19.02.2024", "28.03.2024"),
    ],
    "us": [
        ("2024-01-03", "2024-01-05", "2024-01-08", "2024-01-11", "2024-03-12"),
        ("01/15/2024", "02/19/2024", "03/28/2024"),
    ],
}


def raw(values: list[object], kind: str = "VARCHAR", files: list[str] | None = None) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(f"CREATE TABLE raw (file VARCHAR, line BIGINT, order_date {kind})")
    named = files or ["o.xlsx[Sheet1]"] * len(values)
    rows = [[file, line, value] for line, (file, value) in enumerate(zip(named, values, strict=True), start=2)]
    con.executemany("INSERT INTO raw VALUES (?, ?, ?)", rows)
    return con


def job(date_format: str | None = None, timezone: str = "UTC", **settled: str) -> SimpleNamespace:
    mapped = SimpleNamespace(mapped={"order_date": "Datum"})
    return SimpleNamespace(
        read=SimpleNamespace(date_format=date_format), timezone=timezone, settled=settled, columns=mapped
    )


def source(name: str, path: Path = Path("nowhere"), kind: str = "csv") -> Source:
    return Source(name, path, kind, {}, "")


# ------------------------------------------------------------------------------------- day and month exchanged


@pytest.mark.parametrize(
    ("form", "date_format"), [("/", "%d/%m/%Y"), (".", "%d.%m.%Y"), ("us", "%m/%d/%Y"), ("/", None)]
)
def test_a_spreadsheet_exchanged_day_and_month(form, date_format):
    real, texts = EXCHANGED[form]
    (doubt,) = days.day_month_exchanged(raw([*real, *texts]), job(date_format), [])
    swapped, as_is = doubt.readings
    declared = () if date_format else ('read.date_format: "%d/%m/%Y"',)  # the texts need it, whatever is settled
    assert (swapped.code, swapped.lines) == ("swapped", (*declared, "settled.day_month_exchanged: swapped"))
    # day first: 3 December was 12 March, so 28 March is last; month first: 12 March was 3 December
    assert (swapped.as_of, as_is.as_of) == (
        ("2024-12-03", "2024-03-28") if form == "us" else ("2024-03-28", "2024-12-03")
    )
    assert (doubt.count, doubt.column, doubt.first[0][1], doubt.settled) == (5, "Datum", 2, None)
    assert "chance once in 471" in str(doubt.says)  # (12/30.4)^5 * (18.4/30.4)^3 = 0.00958 * 0.22174 = 1/471


def test_settled_swapped_the_days_are_turned_back():
    con = raw([*EXCHANGED["/"][0], *EXCHANGED["/"][1]])
    cell = dates.read_days(con, job("%d/%m/%Y", day_month_exchanged="swapped"), "order_date", "VARCHAR")
    read = [str(row[0]) for row in con.execute(f"SELECT {cell.value} FROM raw ORDER BY line").fetchall()]
    assert read == [
        "2024-01-03",
        "2024-01-05",
        "2024-01-08",
        "2024-01-11",
        "2024-03-12",
        "2024-01-15",
        "2024-02-19",
        "2024-03-28",
    ]


def test_only_the_file_that_was_spoilt_is_turned_back():
    real, texts = EXCHANGED["/"]
    honest = ["2024-04-02", "2024-04-25"]
    con = raw([*real, *texts, *honest], files=["a.csv"] * 8 + ["b.csv"] * 2)
    cell = dates.read_days(con, job("%d/%m/%Y", day_month_exchanged="swapped"), "order_date", "VARCHAR")
    read = con.execute(f"SELECT {cell.value}::VARCHAR FROM raw WHERE file = 'b.csv' ORDER BY line").fetchall()
    assert [row[0] for row in read] == honest


@pytest.mark.parametrize(
    "values",
    [
        ["2024-01-05", "2024-02-03", "2024-03-01", "2024-04-02", "2024-05-07"],  # all real
        ["13/02/2024", "14/02/2024", "15/02/2024", "16/02/2024", "20/02/2024"],  # all text
        [
            "2024-01-05",
            "2024-02-25",
            "2024-03-01",
            "2024-04-02",
            "13/02/2024",
            "14/02/2024",
            "15/02/2024",
        ],  # 25 February
        [
            "2024-01-05",
            "2024-02-05",
            "2024-03-01",
            "2024-04-02",
            "13/02/2024",
            "04/02/2024",
            "15/02/2024",
        ],  # 04/02 is text
        [
            "2024-01-05",
            "2024-02-05",
            "2024-03-01",
            "13/02/2024",
            "14/02/2024",
            "15/02/2024",
        ],  # three days: may be chance
        [
            "2024-01-01",
            "2024-02-02",
            "2024-03-03",
            "2024-04-04",
            "13/02/2024",
            "14/02/2024",
            "15/02/2024",
        ],  # nothing moves
    ],
)
def test_honest_dates_are_not_taken_for_exchanged(values):
    assert not list(days.day_month_exchanged(raw(values), job("%d/%m/%Y"), []))


# --------------------------------------------------------------------------------------------------- time zone

WEEKLY = [dt.datetime(2023, 12, 31, 16, tzinfo=dt.UTC) + dt.timedelta(weeks=week) for week in range(10)]
BERLIN = [
    dt.datetime(2024, 3, 1, 23),
    dt.datetime(2024, 3, 8, 23),
    dt.datetime(2024, 3, 20, 23),
    dt.datetime(2024, 4, 4, 22),
]
BERLIN = [
    moment.replace(tzinfo=dt.UTC) for moment in [*BERLIN, dt.datetime(2024, 5, 6, 22), dt.datetime(2024, 6, 9, 22)]
]


@pytest.mark.parametrize(
    ("moments", "timezone", "zone", "as_of", "as_it_is"),
    [
        (WEEKLY, "UTC", "Asia/Shanghai", "2024-03-04", "2024-03-03"),  # 3 March 16:00 UTC is 4 March 00:00 there
        (WEEKLY, "Europe/London", "Asia/Shanghai", "2024-03-04", "2024-03-03"),
        (BERLIN, "UTC", "Europe/Berlin", "2024-06-10", "2024-06-09"),
        ([moment.replace(hour=0) for moment in WEEKLY], "America/New_York", "UTC", "2024-03-03", "2024-03-02"),
    ],
)
@pytest.mark.parametrize("kind", ["text", "offset", "typed", "ibis"])
def test_midnights_of_another_zone(moments, timezone, zone, as_of, as_it_is, kind):
    if kind == "ibis":
        table = ibis.memtable({"at": moments}, schema={"at": "timestamp('UTC')"})
        found = days.find_midnights(days.count_seconds(table.at), timezone)
        doubt = days.ask_time_zone(found, job(timezone=timezone))
    else:
        write = {
            "text": lambda m: f"{m:%Y-%m-%dT%H:%M:%S.000Z}",
            "offset": dt.datetime.isoformat,
            "typed": lambda m: m,
        }[kind]
        con = raw([write(moment) for moment in moments], "TIMESTAMPTZ" if kind == "typed" else "VARCHAR")
        (doubt,) = days.time_zone(con, job(timezone=timezone), [])
    assert (doubt.likely.code, doubt.likely.lines, doubt.likely.as_of) == (zone, (f"timezone: {zone}",), as_of)
    assert (doubt.readings[-1].code, doubt.readings[-1].as_of, doubt.count) == ("as_is", as_it_is, len(moments))
    assert len(doubt.readings) <= 4


@pytest.mark.parametrize(
    ("moments", "timezone"),
    [
        (WEEKLY, "Asia/Shanghai"),
        (WEEKLY, "Asia/Taipei"),
        (BERLIN, "Europe/Paris"),
        ([moment.replace(hour=0) for moment in WEEKLY], "UTC"),
        ([moment.replace(hour=0) for moment in WEEKLY], "Asia/Shanghai"),  # eight in the morning of the same day
        (WEEKLY[:4], "UTC"),
        ([moment.replace(hour=hour) for hour, moment in enumerate(WEEKLY, 8)], "UTC"),
        ([moment.replace(minute=7) for moment in WEEKLY], "UTC"),
    ],
)
def test_moments_that_say_their_day(moments, timezone):
    for write, kind in ((dt.datetime.isoformat, "VARCHAR"), (lambda moment: moment, "TIMESTAMPTZ")):
        assert not list(days.time_zone(raw([write(moment) for moment in moments], kind), job(timezone=timezone), []))


# ---------------------------------------------------------------------------------------------- log ends early

JANUARY = [f"2024-01-{day:02}" for day in range(1, 31, 2)]  # the last on the 29th, a day with orders every 2 days


@pytest.mark.parametrize(
    ("name", "stated", "silent"),
    [
        ("orders_2024-12-31.csv", "2024-12-31", 337),  # 366 - 29
        ("export-20241231.csv", "2024-12-31", 337),
        ("订单202412.csv", "2024-12-01", 307),
        ("订单2024年12月.csv", "2024-12-01", 307),
        ("sales_20240101-20241231.csv", "2024-12-31", 337),
    ],
)
def test_a_log_that_ends_before_its_name(name, stated, silent):
    con = raw(JANUARY, files=[name] * len(JANUARY))
    (doubt,) = days.log_ends_early(con, job(), [source(name)])
    assert (doubt.stands, doubt.first) == (True, ((name, None, "2024-01-29"),))
    assert f"is dated {stated} in its name" in str(doubt.says)
    assert f"{silent} days before" in str(doubt.says)


@pytest.mark.parametrize(
    "name", ["orders_2024-03-10.csv", "orders.csv", "orders_2024.csv", "o12345678.csv", "v2024-99.csv"]
)
def test_names_that_say_nothing_else(name):  # 10 March is 41 days later
    assert not list(days.log_ends_early(raw(JANUARY, files=[name] * len(JANUARY)), job(), [source(name)]))


def test_a_log_of_rare_orders_may_be_silent():  # a gap of 30 days: 5 of them are 150
    values = [f"2024-{month:02}-01" for month in range(1, 9)]
    name = "orders_2024-12-15.csv"  # 136 days behind 1 August
    assert not list(days.log_ends_early(raw(values, files=[name] * 8), job(), [source(name)]))


def test_a_workbook_says_when_it_was_saved(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        target.writestr(
            "docProps/core.xml", "<x><dcterms:modified xsi:type='d'>2024-12-31T08:00:00Z</dcterms:modified></x>"
        )
    (tmp_path / "o.xlsx").write_bytes(packed.getvalue())
    con = raw(JANUARY)
    (doubt,) = days.log_ends_early(con, job(), [source("o.xlsx[Sheet1]", tmp_path / "o.xlsx", "sheet")])
    assert "is dated 2024-12-31 in its properties" in str(doubt.says)
