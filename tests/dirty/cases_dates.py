"""How can a day be written? One meaning, or set aside, or refused until the job declares it; never day and month exchanged."""

from __future__ import annotations

import datetime as dt

from case import (
    HEADER,
    LOG,
    Case,
    Met,
    Refused,
    Row,
    Used,
    left_out,
    plus,
    respelled,
    text_case,
    with_day,
    with_row,
    written,
)

DECLARE = ["day|order_date", "date_format"]


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _every(name: str, pattern: str, *verdicts: Used | Refused, **job: object) -> Case:
    """Return a case in which all dates are written by a pattern."""
    return text_case(
        name, written(respelled("day", lambda day: _quoted(_day(day).strftime(pattern)))), *verdicts, **job
    )


def _quoted(text: str) -> str:
    return f'"{text}"' if "," in text else text


def _reads(name: str, cell: str, day: str, *others: Used | Refused, **job: object) -> Case:
    """Return a case in which the last row, among ISO dates, writes its date so."""
    return text_case(name, with_day(_quoted(cell)), Used(plus(day=day)), *others, **job)


def _aside(name: str, cell: str, *others: Used | Refused, rule: str = "date_unreadable", **job: object) -> Case:
    return text_case(
        name, with_day(_quoted(cell)), left_out(rule, value=cell.strip() or None, column="order_date"), *others, **job
    )


def _never_guessed(name: str, cell: str) -> Case:
    """Return a case in which a date among ISO dates has two meanings."""
    return text_case(
        name,
        with_day(cell),
        left_out("date_unreadable", value=cell, column="order_date"),
        Refused([cell, "date_format"]),
    )


def _zoned(name: str, moments: dict[str, str], zone: str, **job: object) -> Case:
    """Return a case of moments, each with the day that it is in the business's zone."""
    rows = [Row("C09", str(2000 + at), day, "1.25") for at, day in enumerate(moments.values())]
    cells = [row._replace(day=moment) for row, moment in zip(rows, moments, strict=True)]
    return text_case(name, written(cells), Used(rows), timezone=zone, **job)


AMBIGUOUS = [row._replace(day=f"0{at}/0{at + 1}/2025") for at, row in enumerate(LOG, 1)]
SERIALS = respelled("day", lambda day: str((_day(day) - dt.date(1899, 12, 30)).days))
SERIAL_TIMES = respelled("day", lambda day: f"{(_day(day) - dt.date(1899, 12, 30)).days}.75")

CASES = [
    _every("dates-iso", "%Y-%m-%d", Used()),
    _every("dates-iso-with-time", "%Y-%m-%d 23:59:59", Used()),
    _every("dates-iso-with-t", "%Y-%m-%dT00:00:00.000", Used()),
    _every("dates-slashes-year-first", "%Y/%m/%d", Used()),
    _every("dates-points-year-first", "%Y.%m.%d", Used(), Refused(DECLARE)),
    _every("dates-compact", "%Y%m%d", Used(), Refused(DECLARE)),
    _every("dates-compact-declared", "%Y%m%d", Used(), read={"date_format": "%Y%m%d"}),
    _every("dates-chinese", "%Y年%m月%d日", Used()),
    _every("dates-german", "%d.%m.%Y", Refused(DECLARE), Used()),
    _every("dates-german-declared", "%d.%m.%Y", Used(), read={"date_format": "%d.%m.%Y"}),
    _every("dates-british-declared", "%d/%m/%Y", Used(), read={"date_format": "%d/%m/%Y"}),
    _every("dates-american-declared", "%m/%d/%Y", Used(), read={"date_format": "%m/%d/%Y"}),
    _every("dates-british-with-time-declared", "%d/%m/%Y 08:26", Used(), read={"date_format": "%d/%m/%Y %H:%M"}),
    _every(
        "dates-british-with-time-date-declared",
        "%d/%m/%Y 08:26",
        Used(),
        Refused(DECLARE),
        read={"date_format": "%d/%m/%Y"},
    ),
    _every("dates-month-by-name", "%d %b %Y", Used(), Refused(DECLARE)),
    _every("dates-month-by-name-declared", "%d-%b-%Y", Used(), read={"date_format": "%d-%b-%Y"}),
    _every("dates-oracle", "%d-%b-%y", Refused(DECLARE), Used()),
    _every("dates-month-first-by-name", "%B %d, %Y", Used(), Refused(DECLARE)),
    _every("dates-two-digit-years", "%d.%m.%y", Refused(DECLARE)),
    _every("dates-two-digit-years-declared", "%d.%m.%y", Used(), read={"date_format": "%d.%m.%y"}),
    _every("dates-two-digit-years-in-front", "%y-%m-%d", Refused(DECLARE), Used()),
    _every("dates-weekdays", "%a %Y-%m-%d", Used(), Refused(DECLARE)),
    _every("dates-iso-weeks", "%G-W%V-%u", Used(), Refused(DECLARE)),
    _every("dates-day-of-the-year", "%Y-%j", Refused(DECLARE), Used()),
    _every("dates-months-only", "%Y-%m", Refused(["day|order_date"])),
    _every("dates-epoch-seconds", "%s", Refused(["day|order_date"]), Used()),
    _every(
        "dates-declared-otherwise",
        "%Y-%m-%d",
        Refused(["day|order_date", "2025-01-31", "date_format|%d"]),
        Used(),  # ISO dates have one meaning, whatever is declared
        read={"date_format": "%d/%m/%Y"},
    ),
    _every("dates-declared-nonsense", "%Y-%m-%d", Refused(["date_format"]), read={"date_format": "%Q-%K"}),
    _every("dates-declared-in-words", "%d.%m.%Y", Refused(["date_format"]), read={"date_format": "DD.MM.YYYY"}),
    text_case(
        "dates-ambiguous",
        written(AMBIGUOUS),
        Refused(["day|order_date", "01/02/2025", "2", "read.date_format"], rule="date_ambiguous"),
    ),
    text_case(
        "dates-ambiguous-points",
        written([row._replace(day=row.day.replace("/", ".")) for row in AMBIGUOUS]),
        Refused([*DECLARE, "01.02.2025"]),
    ),
    text_case(
        "dates-ambiguous-hyphens",
        written([row._replace(day=row.day.replace("/", "-")) for row in AMBIGUOUS]),
        Refused([*DECLARE, "01-02-2025"]),
    ),
    text_case(
        "dates-ambiguous-declared-british",
        written(AMBIGUOUS),
        Used([row._replace(day=f"2025-0{at + 1}-0{at}") for at, row in enumerate(LOG, 1)]),
        read={"date_format": "%d/%m/%Y"},
        as_of="2025-12-31",
    ),
    text_case(
        "dates-ambiguous-declared-american",
        written(AMBIGUOUS),
        Used([row._replace(day=f"2025-0{at}-0{at + 1}") for at, row in enumerate(LOG, 1)]),
        read={"date_format": "%m/%d/%Y"},
        as_of="2025-12-31",
    ),
    _every("dates-british-by-evidence", "%d/%m/%Y", Refused(DECLARE), Used()),
    _every("dates-american-by-evidence", "%m/%d/%Y", Refused(DECLARE), Used()),
    text_case(
        "dates-of-both-orders",
        written(
            [
                *(row._replace(day=_day(row.day).strftime("%d/%m/%Y")) for row in LOG[:4]),
                *(row._replace(day=_day(row.day).strftime("%m/%d/%Y")) for row in LOG[4:]),
            ]
        ),
        Refused(DECLARE),
    ),
    text_case(
        "dates-declared-and-one-exchanged",
        written(
            [
                *(row._replace(day=_day(row.day).strftime("%d/%m/%Y")) for row in LOG),
                Row("C01", "1007", "05/31/2025", "1.00"),
            ]
        ),
        left_out("date_unreadable", value="05/31/2025", column="order_date"),
        read={"date_format": "%d/%m/%Y"},
    ),
    text_case(
        "dates-declared-american-found-british",
        written(respelled("day", lambda day: _day(day).strftime("%d/%m/%Y"))),
        Refused(["day|order_date", "31/01/2025"]),
        Used([row for row in LOG if int(row.day[-2:]) <= 12][:0], aside=7),
        read={"date_format": "%m/%d/%Y"},
    ),
    _reads("date-not-padded", "2025-6-2", "2025-06-02", left_out("date_unreadable")),
    _reads("date-slashes-among-hyphens", "2025/06/02", "2025-06-02"),
    _reads("date-chinese-among-iso", "2025年6月2日", "2025-06-02"),
    _reads("date-chinese-with-time", "2025年6月2日 10:30", "2025-06-02", left_out("date_unreadable")),
    _reads("date-full-width", "２０２５-０６-０２", "2025-06-02", left_out("date_unreadable")),
    _reads("date-blanks-around", "  2025-06-02 ", "2025-06-02"),
    _reads("date-with-fraction", "2025-06-02 10:05:00.123456", "2025-06-02"),
    _reads("date-seven-decimals", "2025-06-02T10:05:00.1234567", "2025-06-02", left_out("date_unreadable")),
    _reads("date-with-am", "2025-06-02 11:30:00 PM", "2025-06-02", left_out("date_unreadable")),
    _reads("date-leap-day", "2024-02-29", "2024-02-29"),
    _aside("date-no-leap-day", "2025-02-29", rule="date_unreadable|date_impossible"),
    _aside("date-thirtieth-of-february", "2025-02-30", rule="date_unreadable|date_impossible"),
    _aside("date-thirteenth-month", "2025-13-01", rule="date_unreadable|date_impossible"),
    _aside("date-day-before-month", "2025-31-05", rule="date_unreadable|date_impossible"),
    _aside("date-zeros", "0000-00-00", rule="date_unreadable|date_impossible|date_sentinel"),
    _aside("date-day-zero", "2025-06-00", rule="date_unreadable|date_impossible"),
    _aside("date-hour-25", "2025-06-02 25:00:00", Used(plus())),
    _aside("date-text-behind", "2025-06-02 or later"),
    _aside("date-five-digit-year", "20250-06-02", rule="date_unreadable|date_impossible"),
    _aside("date-before-christ", "2025-06-02 (BC)", rule="date_unreadable|date_impossible"),
    _aside("date-negative-year", "-2025-06-02", rule="date_unreadable|date_impossible"),
    _aside("date-buddhist", "2568-06-02", rule="date_impossible"),
    _aside("date-of-year-one", "0001-01-01", rule="date_impossible|date_sentinel"),
    _aside("date-of-1753", "1753-01-01", rule="date_impossible|date_sentinel"),
    _aside("date-of-1899", "1899-12-30", rule="date_impossible|date_sentinel"),
    _aside("date-of-1900", "1900-01-01", rule="date_impossible|date_sentinel"),
    _aside("date-of-1970", "1970-01-01", Used(plus(day="1970-01-01")), rule="date_impossible|date_sentinel"),
    _aside("date-of-9999", "9999-12-31", rule="date_sentinel|date_impossible"),
    _aside("date-of-2999", "2999-12-31", rule="date_sentinel|date_impossible"),
    _aside("date-word-today", "today", rule="date_unreadable|date_impossible|date_sentinel"),
    _aside("date-word-now", "now", rule="date_unreadable|date_impossible|date_sentinel"),
    _aside("date-word-epoch", "epoch", rule="date_unreadable|date_impossible|date_sentinel"),
    _aside("date-word-infinity", "infinity", rule="date_unreadable|date_impossible|date_sentinel"),
    _aside("date-word-yesterday", "yesterday", rule="date_unreadable|date_impossible|date_sentinel"),
    _aside("date-month-only", "2025-06"),
    _aside("date-year-only", "2025", rule="date_unreadable|date_impossible"),
    _aside("date-time-only", "10:30"),
    _aside("date-error", "#VALUE!"),
    _aside("date-hashes", "########"),
    _aside("date-null", "NULL", rule="date_unreadable|date_missing"),
    _aside("date-dash", "-", rule="date_unreadable|date_missing"),
    _aside("date-serial-among-iso", "45810", Refused(["45810", "date_format"])),
    _aside("date-compact-among-iso", "20250602", Used(plus())),
    _aside("date-arabic-digits", "٢٠٢٥-٠٦-٠٢", Used(plus())),
    text_case("date-blank", with_day(""), left_out("date_missing", column="order_date")),
    text_case("date-blanks-only", with_day("  "), left_out("date_missing", column="order_date")),
    _never_guessed("date-ambiguous-among-iso", "02/06/2025"),
    _never_guessed("date-ambiguous-points-among-iso", "02.06.2025"),
    text_case(
        "date-british-among-iso",
        with_day("31/05/2025"),
        left_out("date_unreadable", value="31/05/2025", column="order_date"),
        Refused(["31/05/2025"]),
        Used(plus(day="2025-05-31")),
    ),
    text_case(
        "date-after-as-of", with_day("2025-07-01"), left_out("after_as_of", value="2025-07-01", column="order_date")
    ),
    text_case("date-on-as-of", with_day("2025-06-30"), Used(plus(day="2025-06-30"))),
    text_case("dates-all-after-as-of", written(), Refused(["as_of|snapshot"]), as_of="2020-01-01"),
    text_case(
        "date-far-ahead-without-as-of", with_day("2125-06-02"), Refused(["2125-06-02", "as_of", "9"]), as_of=None
    ),
    text_case("date-of-2062-without-as-of", with_day("2062-06-02"), Refused(["2062-06-02", "as_of"]), as_of=None),
    text_case("as-of-is-the-last-order", written(), Used(), as_of=None),
    text_case("serials", written(SERIALS), Refused([*DECLARE, "45688", "excel"], rule="date_serial")),
    text_case("serials-declared", written(SERIALS), Used(), read={"date_format": "excel"}),
    text_case("serials-with-time-declared", written(SERIAL_TIMES), Used(), read={"date_format": "excel"}),
    text_case("serials-with-time", written(SERIAL_TIMES), Refused(DECLARE)),
    text_case(
        "serials-declared-and-a-leap-day-that-never-was",
        written([*SERIALS, Row("C01", "1007", "60", "1.00")]),
        left_out("date_impossible|date_unreadable|date_sentinel", value="60"),
        read={"date_format": "excel"},
    ),
    text_case(
        "serials-declared-and-iso",
        written([*SERIALS, Row("C01", "1007", "2025-06-02", "12.50")]),
        Used(plus()),
        left_out("date_unreadable", value="2025-06-02"),
        read={"date_format": "excel"},
    ),
    text_case(
        "serials-huge",
        written([*SERIALS, Row("C01", "1007", "99999999999999999999", "1.00")]),
        left_out("date_impossible|date_unreadable"),
        read={"date_format": "excel"},
    ),
    text_case(
        "serials-negative",
        written([*SERIALS, Row("C01", "1007", "-5", "1.00")]),
        left_out("date_impossible|date_unreadable"),
        read={"date_format": "excel"},
    ),
    text_case(
        "dates-mostly-text",
        written([row._replace(day="soon") for row in LOG[:5]] + list(LOG[5:])),
        Refused(["day|order_date", "soon", "2"], rule="column_unreadable"),
    ),
    text_case(
        "dates-wrong-column",
        written(),
        Refused(["amount|order_date", "10.00|100.25"]),
        columns={"customer_id": "customer", "order_date": "amount", "amount": "amount"},
    ),
    _zoned("zone-z", {"2025-06-15T15:59:59Z": "2025-06-15", "2025-06-15T16:00:00Z": "2025-06-16"}, "Asia/Shanghai"),
    _zoned(
        "zone-offsets",
        {
            "2025-06-15T23:30:00-05:00": "2025-06-16",
            "2025-06-16T00:30:00+09:00": "2025-06-15",
            "2025-06-16T00:30:00+0800": "2025-06-16",
        },
        "Asia/Shanghai",
    ),
    _zoned(
        "zone-summer-time",
        {
            "2025-03-29T23:30:00Z": "2025-03-29",
            "2025-03-30T22:59:59Z": "2025-03-30",
            "2025-03-30T23:00:00Z": "2025-03-31",
        },
        "Europe/London",
    ),
    _zoned(
        "zone-winter-time",
        {
            "2024-10-26T22:59:59Z": "2024-10-26",
            "2024-10-26T23:00:00Z": "2024-10-27",
            "2024-10-27T23:30:00Z": "2024-10-27",
        },
        "Europe/London",
    ),
    _zoned(
        "zone-west", {"2025-01-01T04:59:59Z": "2024-12-31", "2025-01-01T05:00:00Z": "2025-01-01"}, "America/New_York"
    ),
    _zoned(
        "zone-half-hours", {"2025-01-01T18:29:59Z": "2025-01-01", "2025-01-01T18:30:00Z": "2025-01-02"}, "Asia/Kolkata"
    ),
    _zoned(
        "zone-naive-stays",
        {"2025-06-15T23:59:59": "2025-06-15", "2025-06-16 00:00:00": "2025-06-16"},
        "Pacific/Auckland",
    ),
    _zoned(
        "zone-naive-beside-z",
        {"2025-06-15T23:59:59": "2025-06-15", "2025-06-15T16:00:00Z": "2025-06-16"},
        "Asia/Shanghai",
    ),
    _zoned(
        "zone-after-midnight-is-after-as-of",
        {"2025-06-15T15:59:59Z": "2025-06-15"},
        "Asia/Shanghai",
        as_of="2025-06-15",
    ),
    text_case(
        "zone-as-of-is-local",
        written([*LOG, Row("C01", "1007", "2025-06-30T16:30:00Z", "1.00")]),
        left_out("after_as_of", value="2025-06-30T16:30:00Z"),
        timezone="Asia/Shanghai",
    ),
    text_case("zone-unknown", written(), Refused(["Europe/Lundon", "Europe/London"]), timezone="Europe/Lundon"),
    text_case("as-of-unreadable", written(), Refused(["as_of"]), as_of="30.06.2025"),
    text_case(
        "due-and-paid-dates",
        written(
            [(*row, "2025-06-30", "", "0.00") for row in LOG[:6]] + [(*LOG[6], "31/31/2025", "2025-06-01", "64.20")],
            header=(*HEADER, "due", "paid", "received"),
        ),
        Used(),
        Used(LOG[:-1], aside=1, met=[Met("date_unreadable", 1, 8)]),
        Refused(["due", "31/31/2025"]),
        columns={
            "customer_id": "customer",
            "order_id": "order",
            "order_date": "day",
            "amount": "amount",
            "due_date": "due",
            "paid_date": "paid",
            "paid_amount": "received",
        },
    ),
    text_case("dates-control", with_row("C01", "1007", "2025-06-02", "12.50"), Used(plus())),
]
