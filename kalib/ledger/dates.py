"""Which day does a written date name? The day of the business, or none: day and month are never guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence

import duckdb

from kalib.errors import SettingsError
from kalib.ledger.read import Source, quote, text
from kalib.ledger.rules import FIRST_DAY, LAST_DAY
from kalib.ledger.value import BLANKS, Parsed, halfwidth, is_blank, refusal, value_of
from kalib.settings import Job

EXCEL, EXCEL_1904 = "excel", "excel1904"
"""Day numbers of spreadsheets. 1 is 1900-01-01, and 1900 is taken for a leap year; in old Mac files 0 is 1904-01-01."""
SENTINELS = (
    *("0001-01-01", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1901-01-01", "1904-01-01"),
    *("1969-12-31", "1970-01-01", "2079-06-06", "2099-12-31", "2199-12-31", "2999-12-31", "3000-01-01"),
    *("4712-12-31", "9999-01-01", "9999-12-30", "9999-12-31"),
)
"""Days that programs write for "no date": the first and last ones that they know."""
_ZEROS = r"0{2,4}([-/.])0{1,2}[-/.]0{2,4}( 0?0:00(:00)?)?|0{8}|1900-01-00( 0?0:00(:00)?)?"
MONTHS: dict[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "jan january jänner januar janv janvier",
            "feb february februar feber févr fév fevr fev février fevrier",
            "mar march mär märz maerz mrz mars",
            "apr april avr avril",
            "may mai",
            "jun june juni juin",
            "jul july juli juil juillet",
            "aug august août aout",
            "sep sept september septembre",
            "oct october okt oktober octobre",
            "nov november novembre",
            "dec december dez dezember déc décembre decembre",
        ),
        start=1,
    )
    for name in names.split()
}
"""Names of months, in English, German and French: no name means one month in one of them and another in the other."""
_MONTH = "(" + "|".join(sorted(MONTHS, key=len, reverse=True)) + ")"
_WEEKDAY = r"(?:[a-zäöüé]{2,10}[.,]{0,2} )?"
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:[.,]\d{1,9})?)?(?: ?[ap]\.?m\.?)?"
_CHINESE_CLOCK = r"(?:上午|下午)?(?:[01]?\d|2[0-3])[时点:](?:[0-5]?\d分?(?::?[0-5]?\d秒?)?)?"
_TIME = rf"(?:(?:[ t]|, )? ?(?:{_CLOCK}|{_CHINESE_CLOCK}))?"
_ZONE = r" ?(z|utc|gmt|[+-]\d\d(?::?\d\d)?)"
_PLAIN = r"(?:19[89]\d|20[0-8]\d|209[0-8])-\d\d-\d\d(?:[ T](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?)?"
"""ISO, with a time or without, and without a zone; of years in which no day stands for "no date"."""
_DAYS = r"[2-6]\d{4}([.,]\d+)?"
_SECONDS = r"1\d{9}(\d{3}|\d{6}|\d{9})?(\.\d+)?"
_TWO_WAYS = r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?:\D.*)?"


def read_date(column: str, kind: str, *, date_format: str | None, timezone: str) -> Parsed:
    """Say how a raw column of dates is read.

    ISO dates, 2024/1/5, 2024.1.5, 2024年1月5日, 20240105 and dates with the month's name need no declaration; a declared
    format is read as declared, with ISO beside it, unless it begins with the year itself. The time of day is left out; where
    it has a zone, the day is that of the business. Broken are days that are in no calendar and hours after 23:59
    (``date_unreadable``), days that stand for none (``date_sentinel``), and days before 1950 or after 2199
    (``date_impossible``).

    Parameters
    ----------
    column : of ``raw``
    kind : its DuckDB type
    date_format : of ``read.date_format``: None, a format of strptime, ``excel`` or ``excel1904``
    timezone : of the business

    Returns
    -------
    Parsed
        ``value`` is a DATE.

    Examples
    --------
    >>> import duckdb
    >>> cell = read_date("d", "VARCHAR", date_format=None, timezone="Asia/Shanghai")
    >>> str(duckdb.sql(f"SELECT {cell.value} FROM (SELECT '2024-01-05T20:00:00Z' AS d)").fetchone()[0])
    '2024-01-06'
    """
    name, value = quote(column), value_of(column)
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        day = (
            f"CAST(timezone({text(timezone)}, {name}) AS DATE)"
            if kind == "TIMESTAMP WITH TIME ZONE"
            else f"CAST({name} AS DATE)"
        )
        read = f"CASE WHEN {_is_day(day)} THEN {day} END"
        blank = f"({name} IS NULL)"
        return Parsed(
            read,
            blank,
            f"CASE WHEN {value} IS NOT NULL OR {blank} THEN NULL ELSE {_with('day', day, _WHY)} END",
            "NULL",
        )
    if kind in ("DOUBLE", "FLOAT"):
        whole = f"CASE WHEN {name} = floor({name}) AND abs({name}) < 1e15 THEN {name}::BIGINT::VARCHAR ELSE {name}::VARCHAR END"
        name = f"({whole})"
    elif kind != "VARCHAR":
        name = f"({name}::VARCHAR)"
    neat = f"lower(trim(regexp_replace({halfwidth(f'trim({name}, {text(BLANKS)})')}, '[ \\x{{a0}}\\x{{202f}}]+', ' ', 'g')))"
    day = _declared("d", name, date_format, timezone) if date_format else _undeclared("d", timezone)
    dear = _with("d", neat, _with("day", day, f"CASE WHEN {_is_day('day')} THEN day END"))
    blank = is_blank(column) if kind == "VARCHAR" else f"({quote(column)} IS NULL)"
    read = dear
    if not _begins_with_year(date_format):
        read = f"CASE WHEN regexp_full_match({name}, {text(_PLAIN)}) THEN TRY_CAST({name} AS DATE) ELSE {dear} END"
    zeros = f"regexp_full_match(d, {text(_ZEROS)})"
    why = _with("d", neat, f"CASE WHEN {zeros} THEN 'date_sentinel' ELSE {_with('day', day, _WHY)} END")
    return Parsed(read, blank, f"CASE WHEN {value} IS NOT NULL OR {blank} THEN NULL ELSE {why} END", "NULL")


def _with(name: str, expression: str, then: str) -> str:
    """Return SQL that computes ``expression`` once, as ``name``, and then what asks for it.

    DuckDB computes what stands in a query twice before it looks at any CASE, for every row; so nothing dear does.
    """
    return f"list_transform([{expression}], lambda {name}: {then})[1]"


_WHY = (
    f"CASE WHEN day IN ({', '.join(f'DATE {text(sentinel)}' for sentinel in SENTINELS)}) THEN 'date_sentinel' "
    "WHEN day IS NOT NULL THEN 'date_impossible' ELSE 'date_unreadable' END"
)
"""SQL for the rule that a day met which is no order date."""


def _is_day(day: str) -> str:
    within = ", ".join(f"DATE {text(one)}" for one in SENTINELS if FIRST_DAY <= one <= LAST_DAY)
    return f"{day} BETWEEN DATE '{FIRST_DAY}' AND DATE '{LAST_DAY}' AND {day} NOT IN ({within})"


def _begins_with_year(date_format: str | None) -> bool:
    return bool(date_format and re.match(r"%[Yy]", date_format))


def _undeclared(neat: str, timezone: str) -> str:
    """Return SQL for the day in a neat text that can be read in one way only; null for every other text."""
    whens = []
    for sign in ("-", "/", r"\."):
        shape = rf"(\d{{4}}){sign}(\d{{1,2}}){sign}(\d{{1,2}})"
        whens += _with_times(neat, shape, r"\1-\2-\3", timezone)
    whens += _with_times(neat, r"(\d{4}) ?年 ?(\d{1,2}) ?月 ?(\d{1,2}) ?[日号]?", r"\1-\2-\3", timezone)
    whens += _with_times(
        neat, r"((?:19|20)\d\d)([01]\d)([0-3]\d)(?:(?:[01]\d|2[0-3])[0-5]\d[0-5]\d)?", r"\1-\2-\3", timezone
    )
    numbers = ", ".join(f"{text(name)}: '{number}'" for name, number in MONTHS.items())
    for shape, order in (
        (rf"{_WEEKDAY}(\d{{1,2}})(?:st|nd|rd|th|er|\.)?[- /]?{_MONTH}\.?,?[- /]?(\d{{4}})", (3, 2, 1)),
        (rf"{_WEEKDAY}{_MONTH}\.?[- ]?(\d{{1,2}})(?:st|nd|rd|th)?(?:, ?| |-)(\d{{4}})", (3, 1, 2)),
        (rf"(\d{{4}})[- /]{_MONTH}\.?[- /](\d{{1,2}})", (1, 2, 3)),
    ):
        full = text(shape + _TIME)
        year, month, day = (rf"regexp_extract({neat}, {full}, {group})" for group in order)
        number = f"(MAP {{{numbers}}})[{month}]"
        whens.append(
            (f"regexp_full_match({neat}, {full})", f"TRY_CAST({year} || '-' || {number} || '-' || {day} AS DATE)")
        )
    return "CASE " + " ".join(f"WHEN {test} THEN {day}" for test, day in whens) + " END"


def _with_times(neat: str, shape: str, iso: str, timezone: str) -> list[tuple[str, str]]:
    """Return test and day of a date of some shape: alone or with a time; and with a time and its zone."""
    plain = text(f"^{shape}{_TIME}$")
    zoned = text(rf"^{shape}[ t]({_CLOCK}){_ZONE}$")
    groups = shape.count("(") - shape.count("(?:")
    stamp = rf"regexp_replace({neat}, {zoned}, '{iso} \{groups + 1}\{groups + 2}')"
    utc = rf"regexp_replace(regexp_replace({stamp}, '(z|utc|gmt)$', '+00'), '([+-]\d\d):?(\d\d)$', '\1:\2')"
    seconds = rf"regexp_replace({utc}, '( \d\d?:\d\d)([+-])', '\1:00\2')"
    moment = f"TRY_CAST(replace({seconds}, ',', '.') AS TIMESTAMPTZ)"
    return [
        (f"regexp_matches({neat}, {plain})", f"TRY_CAST(regexp_replace({neat}, {plain}, '{iso}') AS DATE)"),
        (f"regexp_matches({neat}, {zoned})", f"CAST(timezone({text(timezone)}, {moment}) AS DATE)"),
    ]


def _declared(neat: str, name: str, date_format: str, timezone: str) -> str:
    """Return SQL for the day in a text that is written as declared, or in ISO where that cannot be meant otherwise."""
    if date_format in (EXCEL, EXCEL_1904):
        number = "CASE WHEN regexp_full_match(d, '\\d{1,7}([.,]\\d+)?') THEN floor(TRY_CAST(replace(d, ',', '.') AS DOUBLE))::INTEGER END"
        own = (
            f"list_transform([{number}], lambda n: CASE WHEN n BETWEEN 1 AND 59 THEN DATE '1899-12-31' + n WHEN n BETWEEN 61 AND 2958465 "
            "THEN DATE '1899-12-30' + n END)[1]"
            if date_format == EXCEL
            else f"list_transform([{number}], lambda n: CASE WHEN n BETWEEN 0 AND 2957003 THEN DATE '1904-01-01' + n END)[1]"
        )
    else:
        trim = (
            f"trim(regexp_replace({halfwidth(f'trim({name}, {text(BLANKS)})')}, '[ \\x{{a0}}\\x{{202f}}]+', ' ', 'g'))"
        )
        moment = f"try_strptime({trim}, {text(date_format)})"
        if re.search("%[zZ]", date_format):
            own = f"CAST(timezone({text(timezone)}, {moment}) AS DATE)"
        else:
            times = ", ".join(
                text(date_format + time)
                for time in (" %H:%M:%S", " %H:%M", "T%H:%M:%S", " %H:%M:%S.%f", " %I:%M:%S %p", " %I:%M %p")
            )
            longer = "" if re.search("%[HIMSfp]", date_format) else f", try_strptime({trim}, [{times}])"
            own = f"CAST(coalesce({moment}{longer}) AS DATE)"
        own = f"CASE WHEN regexp_matches(d, '24:00') THEN NULL ELSE {own} END"
    if _begins_with_year(date_format):
        return own
    begins = r"^(\d{4}[-/.年]|\d{8}$)" if date_format not in (EXCEL, EXCEL_1904) else r"^(\d{4}[-/年]|\d{8}$)"
    return f"CASE WHEN regexp_matches(d, {text(begins)}) THEN {_undeclared('d', timezone)} ELSE {own} END"


def check_format(con: duckdb.DuckDBPyConnection, job: Job) -> None:
    """Check that ``read.date_format`` is a format, and names a day, a month and a year.

    Raises
    ------
    SettingsError
        It is none; the message says what one looks like.
    """
    said = job.read.date_format
    if said in (None, EXCEL, EXCEL_1904):
        return
    remedy = 'Write it with %d, %m and %Y, such as "%d/%m/%Y", or say `excel` for day numbers.'
    try:
        con.execute(f"SELECT try_strptime('', {text(said)})")
    except duckdb.Error as error:
        why = str(error).splitlines()[0].rpartition(": ")[2].rstrip(".")
        raise SettingsError(f"`read.date_format: {said}` in {job.file} is no date format ({why}). {remedy}") from None
    parts = {"a day": "%-?[dj]|%c|%x", "a month": "%-?[mj]|%[bB]|%c|%x", "a year": "%-?[yY]|%c|%x"}
    missing = [part for part, pattern in parts.items() if not re.search(pattern, said)]
    if missing:
        raise SettingsError(f"`read.date_format: {said}` in {job.file} lacks {' and '.join(missing)}. {remedy}")


def refuse_ambiguous(
    con: duckdb.DuckDBPyConnection, column: str, sources: Sequence[Source], *, header: str | None = None
) -> None:
    """Refuse dates that can be read in two ways, and numbers that count days or seconds; call it where nothing is declared.

    Raises
    ------
    DataError
        date_ambiguous: 05/01/2024, even where another value proves the order, which the message then names; date_serial:
        45321, 1704412800.
    """
    name = quote(column)
    neat = halfwidth(f"trim({name}::VARCHAR, {text(BLANKS)})")
    two_ways = f"regexp_full_match({neat}, {text(_TWO_WAYS)})"
    # one CASE, because DuckDB puts the parts of an AND in an order of its own, and only the first part is cheap
    kind = (
        f"CASE WHEN regexp_full_match({name}::VARCHAR, {text(_PLAIN)}) THEN NULL WHEN {two_ways} THEN 'two_ways' "
        f"WHEN regexp_full_match({neat}, {text(_DAYS)}) THEN 'days' WHEN regexp_full_match({neat}, {text(_SECONDS)}) THEN 'seconds' END"
    )
    odd = f"SELECT file, line, {name}::VARCHAR AS value, {kind} AS kind FROM raw"
    found = con.execute(
        f"SELECT file, line, value, kind FROM ({odd}) WHERE kind IS NOT NULL ORDER BY file, line LIMIT 1"
    ).fetchone()
    if not found:
        return
    if found[3] == "two_ways":
        first, second, year = (f"regexp_extract(neat, {text(_TWO_WAYS)}, {group})" for group in (1, 2, 3))
        proofs = con.execute(
            "SELECT day_first, arg_min({file: file, line: line, value: value}, (file, line)) FROM "
            f"(SELECT *, TRY_CAST({first} AS INTEGER) > 12 AS day_first, TRY_CAST({second} AS INTEGER) > 12 AS month_first, {year} AS year "
            f"FROM (SELECT *, {neat.replace(name, 'value')} AS neat FROM ({odd}) WHERE kind = 'two_ways')) "
            "WHERE day_first <> month_first AND length(year) = 4 GROUP BY day_first ORDER BY day_first DESC"
        ).fetchall()
        rule, message = "date_ambiguous", f"the day and the month could be exchanged. {_prove(dict(proofs), found[2])}"
    elif found[3] == "days":
        rule = "date_serial"
        message = (
            "this looks like the day number of a spreadsheet, and could be anything. If it is one, say `read: {date_format: excel}` "
            "(`excel1904` for a file of an old Mac); else map the right column."
        )
    else:
        rule = "date_serial"
        message = "this looks like seconds since 1970, and could be anything. Export the column as a date, such as 2024-01-31, or map the right one."
    raise refusal(rule, found[:3], column, sources, message, header=header)


def _prove(proofs: dict[bool, dict[str, object]], value: str) -> str:
    """Say which order the values prove, and what to write into the job file."""
    sign = next((sign for sign in "/.- " if sign in value), "/")
    year = "%Y" if re.search(r"\d{4}", value) else "%y"
    forms = {True: f"%d{sign}%m{sign}{year}", False: f"%m{sign}%d{sign}{year}"}
    words = {True: "the day comes first", False: "the month comes first"}
    shown = {order: f"line {row['line']} of {row['file']} has {row['value']!r}" for order, row in proofs.items()}
    if len(proofs) == 1:
        order = next(iter(proofs))
        return f'{shown[order]}, so there {words[order]}. If that holds for every row, say `read: {{date_format: "{forms[order]}"}}`.'
    choice = f'`read: {{date_format: "{forms[True]}"}}` for day first, `"{forms[False]}"` for month first'
    if proofs:
        return (
            f"{shown[True]}, where the day comes first, and {shown[False]}, where the month does. Write them in one way; else say "
            f"{choice}, and what does not fit is set aside."
        )
    return f"Say how dates are written: {choice}."
