"""A written date names one day, or none: tables of what each spelling says, and columns that could say two things."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import duckdb
import pytest
from babel.dates import format_date, format_datetime
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import DataError, SettingsError
from kalib.ledger import dates
from tests.depth import examples

READ = """2024-01-05 | 2024-1-5 | 2024/1/5 | 2024.1.5 | 2024/01/05 10:00 | 2024-01-05 10:00:00 | 2024-01-05T10:00:00.123456789 | 20240105
20240105 10:00 | 20240105103000 | 2024年1月5日 | ２０２４年１月５日 | 2024年1月5日 15:20 | 2024年1月5日 下午3点20分 | 2024-01-05T10:00:00Z
2024-01-05T10:00Z | 2024-01-05 10:00 UTC | 2024-01-05 10:00+01:00 | 2024-01-05 10:00:00 -0500 | 2024-01-05 10:00:00 PM | 5 Jan 2024
5. Januar 2024 | 5 janvier 2024 | 5-Jan-2024 | 05JAN2024 | Jan 5, 2024 | January 5th, 2024 10:00 AM | Fri, 5 Jan 2024 10:00:00 | Fri Jan 5 2024
2024-Jan-05""".replace("\n", " | ").split(" | ")
BROKEN = {
    **dict.fromkeys(
        (
            "2024-02-30",
            "31 Apr 2024",
            "2024-13-01",
            "20241305",
            "2024-01-05 24:00",
            "2024-01-05 25:00:00",
            "2024-01-05 junk",
            "24-01-05",
        ),
        "date_unreadable",
    ),
    **dict.fromkeys(
        ("5 Foo 2024", "45321", "05/01/2024", "1704412800", "epoch", "infinity", "2024-01", "ten"), "date_unreadable"
    ),
    **dict.fromkeys(("1949-12-31", "2200-01-01", "0024-01-05", "1066-10-14"), "date_impossible"),
    **dict.fromkeys(
        (
            "1970-01-01",
            "1970-01-01 00:00:00",
            "9999-12-31",
            "2099/12/31",
            "1900-01-01",
            "1899-12-30",
            "0001-01-01T00:00:00",
        ),
        "date_sentinel",
    ),
    **dict.fromkeys(
        ("0000-00-00", "0000-00-00 00:00:00", "00.00.0000", "00000000", "1900-01-00", "31 Dec 9999"), "date_sentinel"
    ),
}
DECLARED = [
    ("%d/%m/%Y", "05/01/2024", "2024-01-05"),
    ("%d/%m/%Y", "5/1/2024", "2024-01-05"),
    ("%d/%m/%Y", "05/01/2024 10:00", "2024-01-05"),
    ("%d/%m/%Y", "0５/01/2024\u3000", "2024-01-05"),
    ("%d/%m/%Y", "2024-01-05", "2024-01-05"),  # spreadsheets leave ISO beside
    ("%d/%m/%Y", "05/13/2024", "date_unreadable"),
    ("%d/%m/%Y", "31/04/2024", "date_unreadable"),
    ("%d/%m/%Y", "05/01/2024 24:00", "date_unreadable"),
    ("%d/%m/%Y", "05/01/24", "date_impossible"),
    ("%d/%m/%Y", "31/12/9999", "date_sentinel"),
    ("%m/%d/%Y", "05/01/2024", "2024-05-01"),
    ("%d.%m.%y", "05.01.24", "2024-01-05"),
    ("%Y/%d/%m", "2024/05/01", "2024-01-05"),
    ("%Y/%d/%m", "2024-05-01", "date_unreadable"),  # begins with the year: nothing beside it
    ("%Y-%d-%m", "2024-05-01", "2024-01-05"),
    ("%d/%m/%Y %H:%M %z", "05/01/2024 23:30 -0500", "2024-01-06"),
    ("excel", "45296", "2024-01-05"),
    ("excel", "45296.75", "2024-01-05"),
    ("excel", "45296,75", "2024-01-05"),
    ("excel", "2024-01-05", "2024-01-05"),
    ("excel", "61", "date_impossible"),  # 1900-03-01
    ("excel", "60", "date_unreadable"),  # 1900-02-29, a day that never was
    ("excel", "1", "date_sentinel"),
    ("excel", "25569", "date_sentinel"),  # 1970-01-01
    ("excel", "-1", "date_unreadable"),
    ("excel1904", "43834", "2024-01-05"),
]


def read(
    value: object, kind: str = "VARCHAR", date_format: str | None = None, timezone: str = "Europe/London"
) -> tuple:
    cell = dates.read_date("x", kind, date_format=date_format, timezone=timezone)
    return duckdb.execute(
        f"SELECT value_x, {cell.blank}, {cell.broken}, {cell.repaired} FROM (SELECT *, {cell.value} AS value_x FROM (SELECT ?::{kind} AS x))",
        [value],
    ).fetchone()


@pytest.mark.parametrize("written", READ)
def test_spellings_that_can_only_be_read_in_one_way(written):
    assert read(written) == (dt.date(2024, 1, 5), False, None, None)


@pytest.mark.parametrize(("written", "rule"), BROKEN.items())
def test_what_is_no_day(written, rule):
    assert read(written) == (None, False, rule, None)


@pytest.mark.parametrize("written", ["", " ", "\u3000", None])
def test_blank(written):
    assert read(written) == (None, True, None, None)


@pytest.mark.parametrize(("date_format", "written", "said"), DECLARED)
def test_declared(date_format, written, said):
    value, _, broken, _ = read(written, date_format=date_format)
    assert (broken or str(value)) == said


@pytest.mark.parametrize(
    ("written", "timezone", "day"),
    [
        ("2024-01-05T20:00:00Z", "Asia/Shanghai", "2024-01-06"),
        ("2024-01-05T20:00:00Z", "UTC", "2024-01-05"),
        ("2024-01-05T02:00:00+08:00", "America/New_York", "2024-01-04"),
        ("2024-01-05T23:59", "Asia/Shanghai", "2024-01-05"),  # no zone: the business's own clock
    ],
)
def test_the_day_is_that_of_the_business(written, timezone, day):
    assert str(read(written, timezone=timezone)[0]) == day


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        ("2024-01-05", "DATE", "2024-01-05"),
        ("2024-01-05 23:59:59", "TIMESTAMP", "2024-01-05"),
        ("2024-01-05 23:59:59.123456789", "TIMESTAMP_NS", "2024-01-05"),
        ("2024-01-05 23:30:00+00", "TIMESTAMP WITH TIME ZONE", "2024-01-06"),
        ("1970-01-01", "DATE", "date_sentinel"),
        ("infinity", "DATE", "date_impossible"),
        (20240105, "BIGINT", "2024-01-05"),
        (45296, "BIGINT", "date_unreadable"),
    ],
)
def test_typed(value, kind, said):
    found, _, broken, _ = read(value, kind, timezone="Asia/Shanghai")
    assert (broken or str(found)) == said


MOMENTS = st.datetimes(dt.datetime(1980, 1, 1), dt.datetime(2098, 12, 30))
SHAPES = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d %H:%M",
    "%Y年%m月%d日",
    "%Y%m%d",
    "%d %b %Y",
    "%B %d, %Y",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
]


@examples(15, 120)
@given(MOMENTS, st.sampled_from(SHAPES))
def test_any_day_in_any_shape(moment, shape):
    assert read(moment.strftime(shape))[0] == moment.date()


@examples(15, 120)
@given(MOMENTS, st.integers(-11, 13), st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"]))
def test_any_zone(moment, hours, business):
    moment = moment.replace(microsecond=0, tzinfo=dt.timezone(dt.timedelta(hours=hours)))
    assert read(moment.isoformat(), timezone=business)[0] == moment.astimezone(ZoneInfo(business)).date()


@examples(15, 120)
@given(MOMENTS)
def test_any_day_number(moment):
    days = (moment - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1)
    assert read(repr(days), date_format="excel")[0] == moment.date()


def refuse(values: list, header: str | None = None) -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE raw (file VARCHAR, line BIGINT, order_date VARCHAR)")
    con.executemany(
        "INSERT INTO raw VALUES ('a.csv', ?, ?)", [[line, value] for line, value in enumerate(values, start=2)]
    )
    dates.refuse_ambiguous(con, "order_date", [], header=header)


BOTH = '`read: {date_format: "%d/%m/%Y"}` for day first, `"%m/%d/%Y"` for month first'


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["2024-01-05", "05/01/2024"], f"Say how dates are written: {BOTH}."),
        (
            ["05/01/2024", "25/03/2024"],
            "line 3 of a.csv has '25/03/2024', so there the day comes first. If that holds for every row, say "
            '`read: {date_format: "%d/%m/%Y"}`.',
        ),
        (
            ["1-5-24", "3-25-2024"],
            "line 3 of a.csv has '3-25-2024', so there the month comes first. If that holds for every row, say "
            '`read: {date_format: "%m-%d-%y"}`.',
        ),
        (
            ["05/01/2024", "25/03/2024", "03/25/2024"],
            f"line 3 of a.csv has '25/03/2024', where the day comes first, and line 4 of a.csv has '03/25/2024', where the month does. Write them "
            f"in one way; else say {BOTH}, and what does not fit is set aside.",
        ),
    ],
)
def test_day_and_month_are_never_guessed(values, said):
    with pytest.raises(DataError) as caught:
        refuse(values, "Datum")
    error, line = caught.value, 3 if values[0] == "2024-01-05" else 2
    value = values[line - 2]
    where = f"a.csv, line {line}, column Datum (`order_date`), value {value!r}: "
    assert str(error) == where + "the day and the month could be exchanged. " + said
    assert (error.rule, error.file, error.line, error.column, error.value) == (
        "date_ambiguous",
        "a.csv",
        line,
        "Datum",
        value,
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("45321", "day number of a spreadsheet"),
        ("45321.5", "excel1904"),
        ("1704412800", "seconds since 1970"),
        ("1704412800123", "seconds"),
    ],
)
def test_numbers_are_no_dates_until_declared(written, said):
    with pytest.raises(DataError, match=said) as caught:
        refuse(["2024-01-05", written])
    assert (caught.value.rule, caught.value.line) == ("date_serial", 3)


def test_dates_that_say_themselves_pass():
    refuse(
        [
            *READ,
            *(
                written
                for written, rule in BROKEN.items()
                if rule != "date_unreadable" and "/" not in written[:3] and written != "00.00.0000"
            ),
            None,
            "",
        ]
    )


@pytest.mark.parametrize(
    ("date_format", "said"),
    [("%d/%m", "lacks a year"), ("%Q", "is no date format"), ("yyyy-mm-dd", "lacks a day and a month and a year")],
)
def test_formats_that_are_none(date_format, said):
    job = SimpleNamespace(read=SimpleNamespace(date_format=date_format), file="job.yaml")
    with pytest.raises(SettingsError, match=said):
        dates.check_format(duckdb.connect(), job)


@pytest.mark.parametrize("date_format", [None, "excel", "excel1904", "%d/%m/%Y", "%b %d %y"])
def test_formats(date_format):
    dates.check_format(
        duckdb.connect(), SimpleNamespace(read=SimpleNamespace(date_format=date_format), file="job.yaml")
    )


# ------------------------------------------------------------------------------------- words in every language


def column(values: list[str], date_format: str | None = None) -> list[dt.date | None]:
    """Return what a column is read as, in the words that it has."""
    con = duckdb.connect()
    con.execute("CREATE TABLE raw (file VARCHAR, line BIGINT, order_date VARCHAR)")
    con.executemany("INSERT INTO raw VALUES ('a.csv', ?, ?)", list(map(list, enumerate(values, start=2))))
    words = dates.find_words(con, "order_date", "VARCHAR", date_format=date_format)
    dates.refuse_words(con, "order_date", words, [], header="Datum")
    cell = dates.read_date("order_date", "VARCHAR", date_format=date_format, timezone="UTC", words=words)
    return [row[0] for row in con.execute(f"SELECT {cell.value} FROM raw ORDER BY line").fetchall()]


YEAR = [dt.date(2023, month, 5) for month in range(1, 13)]
TONGUES = (
    "en de fr es it pt pt_PT nl da sv nb fi et lv lt pl cs sk sl hr sr sr_Latn bg mk ru uk be ro hu el tr sq ca gl ga cy is az uz "
    "ka hy kk he ar ar_SY ar_DZ fa hi bn ta te th id ms sw af lb fo"
).split()


@pytest.mark.parametrize("tongue", TONGUES)
@pytest.mark.parametrize("form", ["d. MMMM y", "dd/MMM/y", "LLLL d, y"])
def test_months_of_every_language(tongue, form):
    written = [format_date(day, form, locale=tongue) for day in YEAR]
    assert column(written) == YEAR
    assert column([one.upper() for one in written]) == YEAR


@pytest.mark.parametrize("tongue", "en de fr es it pt da pl cs hr ru uk hu lt lv tr el vi ko ja zh".split())
@pytest.mark.parametrize("form", ["long", "full"])
def test_long_dates_of_every_language(tongue, form):
    assert column([format_date(day, form, locale=tongue) for day in YEAR]) == YEAR


@pytest.mark.parametrize("tongue", "en zh ja ko de es".split())
def test_times_and_halves_of_the_day(tongue):
    moments = [dt.datetime(2023, month, 5, 15, 20) for month in range(1, 13)]
    assert column([format_datetime(moment, "y-MM-dd ah:mm", locale=tongue) for moment in moments]) == YEAR


FIFTH = dt.date(2024, 1, 5)


@pytest.mark.parametrize(
    "written",
    """5. jan. 2024 | 05/jan/2024 | 5 de enero de 2024 | 5 janv. 2024 | 12-Oca-2024 | 5 січня 2024 | 5 января 2024 г. | 2024/1/5(金) | 2024-01-05 (Fri)
    2024年1月5日 星期五 | 2024年1月5日（金） | 2024年1月5日 下午3:20 | 2024年1月5日 午後3時20分 | 2024년 1월 5일 오후 3:20 | 令和6年1月5日 | 民國113年1月5日 | 民国113年1月5日
    平成36年1月5日 | Fr., 5. Januar 2024 | vendredi 5 janvier 2024 | Fri Jan 5 10:00:00 2024 | 5 มกราคม 2567 | ๕ มกราคม ๒๕๖๗ | 2024. 1. 5. | 5 tháng 1, 2024""".replace(
        "\n", " | "
    ).split(" | "),
)
def test_words_in_one_date(written):
    day = FIFTH.replace(day=12) if "Oca" in written else FIFTH
    assert column([written.strip()]) == [day]


@pytest.mark.parametrize(
    ("date_format", "written", "day"),
    [
        ("%d/%b/%Y", "05/abr/2024", dt.date(2024, 4, 5)),
        ("%d. %B %Y", "5. července 2024", dt.date(2024, 7, 5)),
        ("%d-%b-%y", "05-set-24", dt.date(2024, 9, 5)),
        ("%b %d %Y", "maj 05 2024", dt.date(2024, 5, 5)),
        ("%Y年%m月%d日 %p%I:%M", "2024年1月5日 下午3:20", FIFTH),
        ("%Y/%m/%d %p%I:%M:%S", "2024/1/5 午後3:20:00", FIFTH),
        ("%Y-%m-%d %p %I:%M", "2024-01-05 오전 3:20", FIFTH),
        ("%a %d/%m/%Y", "ven. 05/01/2024", FIFTH),
        ("%A, %d/%m/%Y", "Freitag, 05/01/2024", FIFTH),
        ("%d/%m/%Y", "lun 05/01/2024", FIFTH),
        ("%EY年%m月%d日", "令和6年1月5日", FIFTH),
        ("%EY年%m月%d日", "令和元年5月1日", dt.date(2019, 5, 1)),
        ("%EY.%m.%d", "R6.1.5", FIFTH),
        ("R%y.%m.%d", "R6.1.5", FIFTH),
        ("民國%Y年%m月%d日", "民國113年1月5日", FIFTH),
        ("roc", "113/01/05", FIFTH),
        ("roc", "1130105", FIFTH),
        ("%d/%m/%Y", "05/01/2567", FIFTH),
        ("%d/%m/%Y", "29/02/2567", dt.date(2024, 2, 29)),  # a leap year of ours, and none of its own number
        ("%d %B %Y", "5 มกราคม 2567", FIFTH),
        ("%d %B %Y [hr]", "5 listopada 2024", dt.date(2024, 10, 5)),
        ("%d %B %Y [pl]", "5 listopada 2024", dt.date(2024, 11, 5)),
    ],
)
def test_declared_formats_in_other_words(date_format, written, day):
    job = SimpleNamespace(read=SimpleNamespace(date_format=date_format), file="job.yaml")
    dates.check_format(duckdb.connect(), job)
    assert column([written], date_format) == [day]


def test_a_month_is_decided_by_the_others():
    assert column(["5 listopad 2023", "5 studeni 2023"])[0] == dt.date(2023, 10, 5)
    assert column(["5 listopad 2023", "5 grudzień 2023"])[0] == dt.date(2023, 11, 5)
    assert column(["5 lip 2023", "5 kol 2023"])[0] == dt.date(2023, 6, 5)


def test_a_month_that_nothing_decides_is_refused():
    with pytest.raises(DataError) as caught:
        column(["2023-01-05", "5 listopad 2023"])
    assert (caught.value.rule, caught.value.line, caught.value.value) == ("date_ambiguous", 3, "5 listopad 2023")
    assert '"listopad" is month 10 in Croatian and month 11 in Czech and Polish' in str(caught.value)


@pytest.mark.parametrize(
    "written",
    [
        "5 Foo 2024",
        "R6.1.5",
        "05/01/2567",
        "113/01/05",
        "30. února 2024",
        "5 maj 24",
        "2024-01-05 Foo",
        "令和6年13月5日",
    ],
)
def test_words_that_name_no_day(written):
    assert column([written]) == [None]
