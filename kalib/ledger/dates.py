"""Which day does a written date name? The day of the business, or none: day and month are never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from kalib.errors import SettingsError
from kalib.ledger.calendar_words import ERA_LETTERS, ERAS, MOST_RUNS, Words, halves_of, understand
from kalib.ledger.read import Source, quote, text
from kalib.ledger.rules import FIRST_DAY, LAST_DAY
from kalib.ledger.value import BLANKS, Parsed, halfwidth, is_blank, refusal, value_of
from kalib.settings import Job
from kalib.words.told import Told, both, told

EXCEL, EXCEL_1904 = "excel", "excel1904"
"""Day numbers of spreadsheets. 1 is 1900-01-01, and 1900 is taken for a leap year; in old Mac files 0 is 1904-01-01."""
ROC = "roc"
"""Years of Taiwan without a word, as in 113/01/05 and 1130105; beside the first year, 1911 is added."""
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
"""Names of months, in English, German and French: no name means one month in one of them and another in the other.

They are read where nobody looked which words the column has (`find_words`)."""
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
_LETTERS = r"[A-Za-z]{2}|[^\x00-\x7f]"
"""What a date with a word in it has, and one of digits, signs, T and Z has not."""
_WORDLESS = ("____-__-__", "____-__-__ __:__:__", "____-__-__T__:__:__%")
_DIGITS = "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९০১২৩৪৫৬৭৮৯๐๑๒๓๔๕๖๗๘๙"
_BUDDHIST = "BETWEEN 2443 AND 2742"
"""Years that can only be Buddhist, 543 more than ours: no order is dated so far ahead."""
_TWO_WAYS = r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?:\D.*)?"


def find_words(
    con: duckdb.DuckDBPyConnection, column: str, kind: str, *, table: str = "raw", date_format: str | None = None
) -> Words:
    """Say what the words in the dates of a column mean: months in any language, weekdays, eras.

    Dates without a word cost one look at each value.

    Parameters
    ----------
    con : connection with the table
    column, kind : of the table, and its DuckDB type
    table : where it is
    date_format : of ``read.date_format``; ``[hr]`` at its end says the language

    Examples
    --------
    >>> con = duckdb.connect()
    >>> _ = con.execute("CREATE TABLE raw AS SELECT unnest(['5. maj 2023', '6. okt. 2023']) AS d")
    >>> find_words(con, "d", "VARCHAR").months
    {'. maj ': 5, '. okt. ': 10}
    """
    if kind != "VARCHAR":
        return Words()
    name = quote(column)
    # most dates are ISO, which is seen much faster than that there is no letter in them
    plain = " OR ".join(f"{name} LIKE {text(shape)}" for shape in _WORDLESS)
    with_word = f"FROM {table} WHERE CASE WHEN {plain} THEN false ELSE regexp_matches({name}, {text(_LETTERS)}) END"
    if not con.execute(f"SELECT 1 {with_word} LIMIT 1").fetchone():
        return Words()
    found = con.execute(
        f"WITH written AS MATERIALIZED (SELECT DISTINCT {name} {with_word}), neat AS MATERIALIZED (SELECT {_neat(name, True)} AS d FROM written) "
        f"SELECT DISTINCT unnest(regexp_extract_all(d, '[^0-9]*\\pL[^0-9]*')) AS run FROM neat "
        f"WHERE regexp_matches(d, '\\d') AND length(d) < 100 ORDER BY run LIMIT {MOST_RUNS + 1}"
    ).fetchall()
    return understand([row[0] for row in found], language=_split_language(date_format)[1])


def refuse_words(
    con: duckdb.DuckDBPyConnection, column: str, words: Words, sources: Sequence[Source], *, header: str | None = None
) -> None:
    """Refuse a month's name that is another month in another language, where the other months do not decide it.

    Raises
    ------
    DataError
        date_ambiguous, with what each language says.
    """
    if not words.ambiguous:
        return
    odd = words.ambiguous[0]
    name = quote(column)
    found = con.execute(
        f"SELECT file, line, {name} FROM raw WHERE regexp_matches({name}, {text(_LETTERS)}) AND contains({_neat(name, True)}, ?) "
        "ORDER BY file, line LIMIT 1",
        [odd.run],
    ).fetchone()
    raise refusal("date_ambiguous", found, column, sources, say_ambiguous(words), header=header)


def say_ambiguous(words: Words) -> Told:
    """Return what is unclear about the first name of a month that is unclear, and what to do."""
    odd = words.ambiguous[0]
    means = both(
        told("month {month} in {languages}", month=month, languages=_list(tongues))
        for month, tongues in odd.months.items()
    )
    return told(
        '"{word}" is {means}, and the other months of the column do not say which language it is. Export the '
        "dates as numbers, such as 2024-01-31, or name the language at the end of the format: `read: "
        '{{date_format: "%d %B %Y [hr]"}}` for Croatian, `[pl]` for Polish.',
        word=odd.word,
        means=means,
    )


def _list(names: Sequence[str]) -> str:
    shown = list(names) if len(names) < 5 else [*names[:3], told("others")]
    return both([", ".join(map(str, shown[:-1])), shown[-1]]) if len(shown) > 1 else str(shown[0])


def _neat(name: str, has_words: bool) -> str:
    """Return SQL for a text in lower case, of half-width signs and single blanks; where it has words, also with our digits."""
    half = halfwidth(f"trim({name}, {text(BLANKS)})")
    if has_words:
        half = f"replace(translate({half}, {text(_DIGITS)}, {text('0123456789' * 5)}), '元年', '1年')"
    return f"lower(trim(regexp_replace({half}, '[ \\x{{a0}}\\x{{202f}}]+', ' ', 'g')))"


def read_days(
    con: duckdb.DuckDBPyConnection, job: Job, column: str, kind: str, sources: Sequence[Source] = ()
) -> Parsed:
    """Say how a column of ``raw`` is read under a job: in the language of its own months, and as the job settled it.

    Raises
    ------
    DataError
        date_ambiguous: an order date whose month's name is another month in another language.
    """
    told = job.read.date_format
    words = find_words(con, column, kind, date_format=told)
    if column == "order_date":
        refuse_words(con, column, words, sources, header=job.columns.mapped.get(column))
    exchanged = ()
    if job.settled.get("day_month_exchanged") == "swapped" and kind == "VARCHAR":
        exchanged = find_exchanged(con, column)
    return read_date(column, kind, date_format=told, timezone=job.timezone, words=words, exchanged=exchanged)


@dataclass(frozen=True)
class Exchanged:
    """A file whose real dates all have a day up to 12, and whose texts all have a first (or second) number above 12."""

    file: str
    day_first: bool
    sign: str
    rows: int
    days: int
    texts: int
    first: tuple[str, int, str]
    first_text: tuple[str, int, str]

    @property
    def chance(self) -> float:
        """Return how likely it is that honest days fall so: 12 of 30.4 days of a month are none above 12."""
        return (12 / 30.4) ** self.days * (18.4 / 30.4) ** self.texts


LEAST_DAYS, LEAST_TEXTS, LEAST_CHANCE = 4, 3, 0.01
"""From so many different days on, and below this chance, a spreadsheet is thought to have exchanged day and month."""


def look_for_exchanged(con: duckdb.DuckDBPyConnection, column: str) -> list[Exchanged]:
    """Return the files of ``raw`` in which a spreadsheet seems to have exchanged the day and the month of a column.

    Where text is read day first as month first, 05/01/2024 becomes 1 May, and 13/01/2024 stays text.
    """
    name = quote(column)
    # a text with a number up to 31 before a sign stands before or behind all days of this century: the ends tell
    least, most = con.execute(f"SELECT min({name}), max({name}) FROM raw").fetchone()
    if least is None or (re.fullmatch(_PLAIN, least) and re.fullmatch(_PLAIN, most)):
        return []
    parts = r"(\d{1,2})([-/. ])(\d{1,2})[-/. ](\d{4}|\d{2})(?:[ T].*)?"
    first, second = (f"regexp_extract(t, {text(parts)}, {group})::INTEGER" for group in (1, 3))
    where = "{file: file, line: line, value: value}"
    rows = con.execute(
        f"SELECT file, count(*) FILTER (real), count(DISTINCT substr(t, 1, 10)) FILTER (real), count(DISTINCT t) FILTER (NOT real), "
        f"bool_and({first} > 12 AND {second} <= 12) FILTER (NOT real), bool_and({first} <= 12 AND {second} > 12) FILTER (NOT real), "
        f"bool_and(substr(t, 9, 2) <= '12') FILTER (real), arg_min({where}, line) FILTER (real), arg_min({where}, line) FILTER (NOT real), "
        f"count(DISTINCT substr(t, 6, 5)) FILTER (real AND substr(t, 6, 2) <> substr(t, 9, 2)) FROM "
        f"(SELECT file, line, value, t, regexp_full_match(t, {text(_PLAIN)}) AS real, regexp_full_match(t, {text(parts)}) AS two FROM "
        f"(SELECT file, line, {name} AS value, trim({halfwidth(name)}, {text(BLANKS)}) AS t FROM raw)) WHERE real OR two GROUP BY file ORDER BY file"
    ).fetchall()
    found = []
    for file, count, days, texts, day_first, month_first, small, at, text_at, turned in rows:
        if days < LEAST_DAYS or texts < LEAST_TEXTS or not small or not (day_first or month_first) or not turned:
            continue
        sign = next(sign for sign in text_at["value"] if not sign.isalnum())
        places = (tuple(place.values()) for place in (at, text_at))
        one = Exchanged(file, bool(day_first), sign, count, days, texts, *places)
        found += [one] if one.chance < LEAST_CHANCE else []
    return found


def find_exchanged(con: duckdb.DuckDBPyConnection, column: str) -> tuple[str, ...]:
    """Return the names of the files in which a spreadsheet seems to have exchanged the day and the month."""
    return tuple(one.file for one in look_for_exchanged(con, column))


def _split_language(date_format: str | None) -> tuple[str | None, str | None]:
    """Return a format without the language at its end, and the language."""
    found = re.fullmatch(r"(.*?) ?\[([a-z]{2,3})\]", date_format or "")
    return (found[1], found[2]) if found else (date_format, None)


def read_date(
    column: str,
    kind: str,
    *,
    date_format: str | None,
    timezone: str,
    words: Words | None = None,
    exchanged: Sequence[str] = (),
) -> Parsed:
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
    date_format : of ``read.date_format``: None, a format of strptime, ``excel``, ``excel1904`` or ``roc``
    timezone : of the business
    words : of the column (`find_words`); None reads the months of English, German and French
    exchanged : files in whose dates of year, month and day the last two are to be exchanged, because a spreadsheet did so

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
    date_format, _ = _split_language(date_format)
    neat = _neat(name, bool(words))
    day = _declared("d", name, date_format, timezone, words) if date_format else _undeclared("d", timezone, words)
    dear = _with("d", neat, _with("day", day, f"CASE WHEN {_is_day('day')} THEN day END"))
    blank = is_blank(column) if kind == "VARCHAR" else f"({quote(column)} IS NULL)"
    read = dear
    if not _begins_with_year(date_format):
        plain = _exchange(f"TRY_CAST({name} AS DATE)", exchanged) if exchanged else f"TRY_CAST({name} AS DATE)"
        read = f"CASE WHEN regexp_full_match({name}, {text(_PLAIN)}) THEN {plain} ELSE {dear} END"
    zeros = f"regexp_full_match(d, {text(_ZEROS)})"
    why = _with("d", neat, f"CASE WHEN {zeros} THEN 'date_sentinel' ELSE {_with('day', day, _WHY)} END")
    return Parsed(read, blank, f"CASE WHEN {value} IS NOT NULL OR {blank} THEN NULL ELSE {why} END", "NULL")


def _exchange(day: str, files: Sequence[str]) -> str:
    """Return SQL for a day with its day and month exchanged, where that is a day, in some files."""
    turned = "CASE WHEN day(one) <= 12 THEN make_date(year(one), day(one), month(one)) ELSE one END"
    among = f"list_contains([{', '.join(map(text, files))}], file)"
    return f"CASE WHEN {among} THEN {_with('one', day, turned)} ELSE {day} END"


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


def _undeclared(neat: str, timezone: str, words: Words | None) -> str:
    """Return SQL for the day in a neat text that can be read in one way only; null for every other text."""
    whens = _with_words(neat, words) if words else []
    for shape in (
        r"(\d{4})-(\d{1,2})-(\d{1,2})",
        r"(\d{4})/(\d{1,2})/(\d{1,2})",
        r"(\d{4})\. ?(\d{1,2})\. ?(\d{1,2})\.?",
        r"(\d{4}) ?年 ?(\d{1,2}) ?月 ?(\d{1,2}) ?[日号]?",
        r"((?:19|20)\d\d)([01]\d)([0-3]\d)(?:(?:[01]\d|2[0-3])[0-5]\d[0-5]\d)?",
    ):
        whens += _with_times(neat, shape, r"\1-\2-\3", timezone)
    whens += _with_usual_names(neat) if words is None else []
    return "CASE " + " ".join(f"WHEN {test} THEN {day}" for test, day in whens) + " END"


def _with_usual_names(neat: str) -> list[tuple[str, str]]:
    """Return test and day of each shape with a month's name, in English, German or French."""
    shapes = (
        (rf"{_WEEKDAY}(\d{{1,2}})(?:st|nd|rd|th|er|\.)?[- /]?{_MONTH}\.?,?[- /]?(\d{{4}})", (3, 2, 1)),
        (rf"{_WEEKDAY}{_MONTH}\.?[- ]?(\d{{1,2}})(?:st|nd|rd|th)?(?:, ?| |-)(\d{{4}})", (3, 1, 2)),
        (rf"(\d{{4}})[- /]{_MONTH}\.?[- /](\d{{1,2}})", (1, 2, 3)),
    )
    return [_by_name(neat, shape + _TIME, order, MONTHS) for shape, order in shapes]


def _by_name(
    neat: str, shape: str, order: tuple[int, int, int], months: Mapping[str, int], year: str = "{}"
) -> tuple[str, str]:
    """Return test and day of a shape whose month is a name; ``order`` has the groups of year, month and day."""
    full = text(shape)
    found = [f"regexp_extract({neat}, {full}, {group})" for group in order]
    numbers = ", ".join(f"{text(name)}: '{number}'" for name, number in months.items())
    day = f"TRY_CAST({year.format(found[0])} || '-' || (MAP {{{numbers}}})[{found[1]}] || '-' || {found[2]} AS DATE)"
    return f"regexp_full_match({neat}, {full})", day


def _with_words(neat: str, words: Words) -> list[tuple[str, str]]:
    """Return test and day of each shape of a date with words, made of the words of the column alone."""
    void = _any_of(words.void)
    gap, lead = rf"(?:{void}|[-/., ]{{1,3}})", f"(?:{void})?"
    tail = rf"(?:{void}|[., ])?(?:{gap}?(?:{_CLOCK}|{_EAST_CLOCK})(?:{void})?)?"
    year = f"(CASE WHEN {{0}}::INTEGER {_BUDDHIST} THEN ({{0}}::INTEGER - 543)::VARCHAR ELSE {{0}} END)"
    year = year if words.thai else "{}"
    whens = []
    if words.months:
        month = f"({_any_of(words.months)})"
        for shape, order in (
            (rf"{lead}(\d{{1,2}}){month}(\d{{4}}){tail}", (3, 2, 1)),
            (rf"{month}(\d{{1,2}}){gap}(\d{{4}}){tail}", (3, 1, 2)),
            (rf"{lead}(\d{{4}}){month}(\d{{1,2}}){tail}", (1, 2, 3)),
            (rf"{lead}(\d{{4}}){gap}(\d{{1,2}}){month}", (1, 3, 2)),
        ):
            whens.append(_by_name(neat, shape, order, words.months, year))
        # "Fri Jan 5 10:00:00 2024", as programs print it
        whens.append(_by_name(neat, rf"{month}(\d{{1,2}}) {_CLOCK}{gap}(\d{{4}})", (3, 1, 2), words.months, year))
    return [*whens, *_with_marks(neat, words, lead, gap, tail), *_with_weekday(neat, words, lead, tail)]


_EAST_CLOCK = r"(?:[01]?\d|2[0-3]) ?[时時点點시:](?: ?[0-5]?\d ?[分분]?(?::? ?[0-5]?\d ?[秒초]?)?)?"


def _with_marks(neat: str, words: Words, lead: str, gap: str, tail: str) -> list[tuple[str, str]]:
    """Return test and day of dates whose parts have a mark: 2024年1月5日, 2024년 1월 5일, 令和6年1月5日, 5 tháng 1, 2024."""
    whens = []
    marks = {mark: _any_of(runs) for mark, runs in words.marks.items()}
    if {"y", "m"} <= set(marks):
        behind = rf"{marks['y']}(\d{{1,2}}){marks['m']}(\d{{1,2}})(?:{marks.get('d', '[日号]')})?{tail}"
        full = text(rf"{lead}(\d{{4}}){behind}")
        parts = " || '-' || ".join(f"regexp_extract({neat}, {full}, {group})" for group in (1, 2, 3))
        whens.append((f"regexp_full_match({neat}, {full})", f"TRY_CAST({parts} AS DATE)"))
        for run, added in words.eras.items():
            full = text(rf"{re.escape(run)}(\d{{1,3}}){behind}")
            year, month, day = (f"regexp_extract({neat}, {full}, {group})" for group in (1, 2, 3))
            whens.append(
                (
                    f"regexp_full_match({neat}, {full})",
                    f"TRY_CAST(({year}::INTEGER + {added}) || '-' || {month} || '-' || {day} AS DATE)",
                )
            )
    for run, added in words.eras.items():  # 令和6/1/5, 民國113.1.5
        full = text(rf"{re.escape(run)}(\d{{1,3}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){tail}")
        year, month, day = (f"regexp_extract({neat}, {full}, {group})" for group in (1, 2, 3))
        date = f"TRY_CAST(({year}::INTEGER + {added}) || '-' || {month} || '-' || {day} AS DATE)"
        whens.append((f"regexp_full_match({neat}, {full})", date))
    if "m" in marks and "y" not in marks:  # 5 1月 2023, 1월 5, 2023
        for shape, order in (
            (rf"{lead}(\d{{1,2}}){gap}(\d{{1,2}}){marks['m']}(\d{{4}}){tail}", (3, 2, 1)),
            (rf"{lead}(\d{{1,2}}){marks['m']}(\d{{1,2}}){gap}(\d{{4}}){tail}", (3, 1, 2)),
        ):
            parts = " || '-' || ".join(f"regexp_extract({neat}, {text(shape)}, {group})" for group in order)
            whens.append((f"regexp_full_match({neat}, {text(shape)})", f"TRY_CAST({parts} AS DATE)"))
    if "M" in marks:
        full = text(rf"{lead}(\d{{1,2}}){marks['M']}(\d{{1,2}}){gap}(\d{{4}}){tail}")
        parts = " || '-' || ".join(f"regexp_extract({neat}, {full}, {group})" for group in (3, 2, 1))
        whens.append((f"regexp_full_match({neat}, {full})", f"TRY_CAST({parts} AS DATE)"))
    return whens


def _with_weekday(neat: str, words: Words, lead: str, tail: str) -> list[tuple[str, str]]:
    """Return test and day of dates of digits, year first, with a weekday or a half of the day beside them."""
    if not words.void:
        return []
    full = text(rf"{lead}(\d{{4}})([-/.])(\d{{1,2}})[-/.](\d{{1,2}}){tail}")
    parts = " || '-' || ".join(f"regexp_extract({neat}, {full}, {group})" for group in (1, 3, 4))
    return [(f"regexp_full_match({neat}, {full})", f"TRY_CAST({parts} AS DATE)")]


def _any_of(runs: Iterable[str]) -> str:
    """Return a pattern for one of some texts, the longest first; for none of them, one that never fits."""
    ordered = sorted(runs, key=lambda run: (-len(run), run))
    return f"(?:{'|'.join(map(re.escape, ordered))})" if ordered else r"(?:[^\x00-\x{10ffff}])"


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


def _declared(neat: str, name: str, date_format: str, timezone: str, words: Words | None) -> str:
    """Return SQL for the day in a text that is written as declared, or in ISO where that cannot be meant otherwise."""
    if date_format == ROC:
        own = _roc()
    elif date_format in (EXCEL, EXCEL_1904):
        number = "CASE WHEN regexp_full_match(d, '\\d{1,7}([.,]\\d+)?') THEN floor(TRY_CAST(replace(d, ',', '.') AS DOUBLE))::INTEGER END"
        own = (
            f"list_transform([{number}], lambda n: CASE WHEN n BETWEEN 1 AND 59 THEN DATE '1899-12-31' + n WHEN n BETWEEN 61 AND 2958465 "
            "THEN DATE '1899-12-30' + n END)[1]"
            if date_format == EXCEL
            else f"list_transform([{number}], lambda n: CASE WHEN n BETWEEN 0 AND 2957003 THEN DATE '1904-01-01' + n END)[1]"
        )
    else:
        own = _by_format(name, date_format, timezone, words)
    if _begins_with_year(date_format):
        return own
    begins = r"^(\d{4}[-/.年]|\d{8}$)" if date_format not in (EXCEL, EXCEL_1904) else r"^(\d{4}[-/年]|\d{8}$)"
    return f"CASE WHEN regexp_matches(d, {text(begins)}) THEN {_undeclared('d', timezone, words)} ELSE {own} END"


def _roc() -> str:
    """Return SQL for the day in a text whose year counts from 1912, as Taiwan does."""
    tight = text(r"0?(\d{2,3})(\d\d)(\d\d)")
    loose = text(rf"(?:民[國国])?0?(\d{{2,3}})[-/.年](\d{{1,2}})[-/.月](\d{{1,2}})日?{_TIME}")
    days = [
        f"WHEN regexp_full_match(d, {shape}) THEN TRY_CAST((regexp_extract(d, {shape}, 1)::INTEGER + 1911) || '-' || "
        f"regexp_extract(d, {shape}, 2) || '-' || regexp_extract(d, {shape}, 3) AS DATE)"
        for shape in (loose, tight)
    ]
    return f"CASE {' '.join(days)} END"


def _by_format(name: str, date_format: str, timezone: str, words: Words | None) -> str:
    """Return SQL for the day in a text as a format of strptime says; where DuckDB cannot, as the format means it."""
    trim = f"trim(regexp_replace({halfwidth(f'trim({name}, {text(BLANKS)})')}, '[ \\x{{a0}}\\x{{202f}}]+', ' ', 'g'))"
    own = None
    if not re.search("%E|%[aA]", date_format):
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
    meant = _by_pattern(date_format, words)
    if own is None or (meant and _ERA_YEAR.search(date_format)):  # strptime would take R6 for 2006
        day = meant or "NULL::DATE"
    elif meant is None:
        day = own
    elif words and re.search("%[bBh]", date_format):  # the column's own language goes before those that DuckDB knows
        day = f"coalesce({meant}, {own})"
    else:
        day = _with("one", own, f"CASE WHEN NOT year(one) {_BUDDHIST} THEN one ELSE coalesce({meant}, one) END")
    return f"CASE WHEN regexp_matches(d, '(^|[ t])24:00') THEN NULL ELSE {day} END"


_ERA_YEAR = re.compile(
    rf"(?:{'|'.join(re.escape(era) for era in sorted(ERAS | ERA_LETTERS, key=len, reverse=True))}) ?%-?[yY]|%E", re.I
)
_DIRECTIVES = {
    **dict.fromkeys("de", r"(?P<day>\d{1,2})"),
    "m": r"(?P<month>\d{1,2})",
    "Y": r"(?P<year>\d{4})",
    "y": r"(?P<short>\d{2})",
    "H": r"(?:[01]?\d|2[0-3])",
    "I": r"(?:0?[1-9]|1[0-2])",
    **dict.fromkeys("MS", r"[0-5]?\d"),
    "f": r"\d{1,9}",
    "%": "%",
}


def _by_pattern(date_format: str, words: Words | None) -> str | None:
    """Return SQL for the day in ``d`` as a format means it, in the words of the column; None for what no pattern says.

    Beyond strptime there are ``%EY`` (the era and its year: 令和6年, R6, 民國113年), the name of an era written before ``%y``
    or ``%Y``, and years that can only be Buddhist.
    """
    words = words or Words()
    eras = ERAS | ERA_LETTERS
    names = dict(words.names) or MONTHS
    lower = {
        **dict.fromkeys("bBh", rf"(?P<name>{_any_of(names)})\.?"),
        **dict.fromkeys("aA", rf"{_any_of(words.weekdays)}[.]?"),
        "p": _any_of((*halves_of(False), *halves_of(True))),
        "EY": rf"(?P<era>{_any_of(eras)}) ?(?P<of_era>\d{{1,3}}|元) ?年?",
        "EC": rf"(?P<era>{_any_of(eras)})",
        "Ey": r"(?P<of_era>\d{1,3}|元)",
    }
    pattern, added, rest = "", None, date_format
    while rest:
        era = next(
            (e for e in sorted(eras, key=len, reverse=True) if re.match(re.escape(e) + " ?%-?[yY]", rest, re.I)), None
        )
        if era and added is None:
            added, rest = eras[era], rest[len(era) :].lstrip(" ")
            pattern += rf"{re.escape(era)} ?(?P<of_era>\d{{1,4}}|元)"
            rest = re.sub(r"^%-?[yY]", "", rest)
            continue
        found = re.match(r"%-?(E[CYy]|[a-zA-Z%])", rest)
        if found:
            part = lower.get(found[1]) or _DIRECTIVES.get(found[1])
            if part is None:
                return None
            pattern += part
            rest = rest[found.end() :]
            rest = rest.removeprefix("年") if found[1] == "EY" else rest
        else:
            pattern += r" ?" if rest[0] == " " else re.escape(rest[0].lower())
            rest = rest[1:]
    return _from_groups(pattern, date_format, words, names, eras, added)


def _from_groups(
    pattern: str, date_format: str, words: Words, names: Mapping[str, int], eras: Mapping[str, int], added: int | None
) -> str | None:
    """Return SQL for the day in ``d`` from the named groups of a pattern."""
    try:
        groups = re.compile(pattern).groupindex
    except re.error:  # a part that is named twice
        return None
    void = _any_of(words.void)
    tail = "" if re.search("%[HIMSfp]", date_format) else _TIME
    full = text(f"(?:{void})?{pattern}{tail}(?:{void})?")
    group = {name: f"regexp_extract(d, {full}, {number})" for name, number in groups.items()}
    if "of_era" in group:
        number = f"replace({group['of_era']}, '元', '1')::INTEGER"
        table = ", ".join(f"{text(name)}: {years}" for name, years in eras.items())
        plus = str(added) if added is not None else f"(MAP {{{table}}})[{group['era']}]" if "era" in group else None
        if plus is None:
            return None
        year = f"({number} + {plus})"
    elif "year" in group:
        number = f"{group['year']}::INTEGER"
        year = f"(CASE WHEN {number} {_BUDDHIST} THEN {number} - 543 ELSE {number} END)"
    elif "short" in group:
        number = f"{group['short']}::INTEGER"
        year = f"(CASE WHEN {number} < 69 THEN {number} + 2000 ELSE {number} + 1900 END)"
    else:
        return None
    if "name" in group:
        table = ", ".join(f"{text(name)}: '{number}'" for name, number in names.items())
        month = f"(MAP {{{table}}})[{group['name']}]"
    else:
        month = group.get("month")
    if month is None or "day" not in group:
        return None
    date = f"TRY_CAST({year} || '-' || {month} || '-' || {group['day']} AS DATE)"
    return f"CASE WHEN regexp_full_match(d, {full}) THEN {date} END"


def check_format(con: duckdb.DuckDBPyConnection, job: Job) -> None:
    """Check that ``read.date_format`` is a format, and names a day, a month and a year.

    Raises
    ------
    SettingsError
        It is none; the message says what one looks like.
    """
    said, _ = _split_language(job.read.date_format)
    if said in (None, EXCEL, EXCEL_1904, ROC):
        return
    remedy = told('Write it with %d, %m and %Y, such as "%d/%m/%Y", or say `excel` for day numbers.')
    try:
        if not re.search("%E[CYy]", said) or not _by_pattern(said, None):
            con.execute(f"SELECT try_strptime('', {text(said)})")
    except duckdb.Error as error:
        why = str(error).splitlines()[0].rpartition(": ")[2].rstrip(".")
        raise SettingsError(
            told(
                "`read.date_format: {said}` in {job_file} is no date format ({why}). {remedy}",
                said=said,
                job_file=job.file,
                why=why,
                remedy=remedy,
            )
        ) from None
    parts = {
        told("a day"): "%-?[dj]|%c|%x",
        told("a month"): "%-?[mj]|%[bB]|%c|%x",
        told("a year"): "%-?[yY]|%E[Yy]|%c|%x",
    }
    missing = [part for part, pattern in parts.items() if not re.search(pattern, said)]
    if missing:
        raise SettingsError(
            told(
                "`read.date_format: {said}` in {job_file} lacks {missing}. {remedy}",
                said=said,
                job_file=job.file,
                missing=both(missing),
                remedy=remedy,
            )
        )


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
    # of what is not plainly right, each way of writing is looked at once: a log has few days and many rows
    # (a filter would be pushed down to before the rows are told apart)
    unlike = f"SELECT DISTINCT {name} FROM raw WHERE NOT regexp_full_match({name}::VARCHAR, {text(_PLAIN)})"
    seen = f"WITH unlike AS MATERIALIZED ({unlike}) SELECT count(*) FILTER ({kind} IS NOT NULL) FROM unlike"
    if not con.execute(seen).fetchone()[0]:
        return
    odd = f"SELECT file, line, {name}::VARCHAR AS value, {kind} AS kind FROM raw"
    found = con.execute(
        f"SELECT file, line, value, kind FROM ({odd}) WHERE kind IS NOT NULL ORDER BY file, line LIMIT 1"
    ).fetchone()
    if found[3] == "two_ways":
        first, second, year = (f"regexp_extract(neat, {text(_TWO_WAYS)}, {group})" for group in (1, 2, 3))
        proofs = con.execute(
            "SELECT day_first, arg_min({file: file, line: line, value: value}, (file, line)) FROM "
            f"(SELECT *, TRY_CAST({first} AS INTEGER) > 12 AS day_first, TRY_CAST({second} AS INTEGER) > 12 AS month_first, {year} AS year "
            f"FROM (SELECT *, {neat.replace(name, 'value')} AS neat FROM ({odd}) WHERE kind = 'two_ways')) "
            "WHERE day_first <> month_first AND length(year) = 4 GROUP BY day_first ORDER BY day_first DESC"
        ).fetchall()
        rule, message = (
            "date_ambiguous",
            told("the day and the month could be exchanged. {proof}", proof=_prove(dict(proofs), found[2])),
        )
    elif found[3] == "days":
        rule = "date_serial"
        message = told(
            "this looks like the day number of a spreadsheet, and could be anything. If it is one, say `read: "
            "{{date_format: excel}}` (`excel1904` for a file of an old Mac); else map the right column."
        )
    else:
        rule = "date_serial"
        message = told(
            "this looks like seconds since 1970, and could be anything. Export the column as a date, such as "
            "2024-01-31, or map the right one."
        )
    raise refusal(rule, found[:3], column, sources, message, header=header)


def _prove(proofs: dict[bool, dict[str, object]], value: str) -> Told:
    """Say which order the values prove, and what to write into the job file."""
    sign = next((sign for sign in "/.- " if sign in value), "/")
    year = "%Y" if re.search(r"\d{4}", value) else "%y"
    forms = {True: f"%d{sign}%m{sign}{year}", False: f"%m{sign}%d{sign}{year}"}
    words = {True: told("the day comes first"), False: told("the month comes first")}
    shown = {order: told("line {line} of {file} has {value!r}", **row) for order, row in proofs.items()}
    if len(proofs) == 1:
        order = next(iter(proofs))
        return told(
            '{seen}, so there {comes}. If that holds for every row, say `read: {{date_format: "{form}"}}`.',
            seen=shown[order],
            comes=words[order],
            form=forms[order],
        )
    choice = told(
        '`read: {{date_format: "{day_first}"}}` for day first, `"{month_first}"` for month first',
        day_first=forms[True],
        month_first=forms[False],
    )
    if proofs:
        return told(
            "{day_seen}, where the day comes first, and {month_seen}, where the month does. Write them in one way; "
            "else say {choice}, and what does not fit is set aside.",
            day_seen=shown[True],
            month_seen=shown[False],
            choice=choice,
        )
    return told("Say how dates are written: {choice}.", choice=choice)
