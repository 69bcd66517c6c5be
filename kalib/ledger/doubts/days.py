"""Do the dates say the day that is meant? Doubts: day and month exchanged, midnights of another zone, a log that ends early."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from zoneinfo import ZoneInfo

import duckdb

from kalib.ledger.dates import Exchanged, find_words, look_for_exchanged, read_date
from kalib.ledger.doubts.doubt import AS_IS, Doubt, Reading, as_is
from kalib.ledger.source import Source, quote, text
from kalib.settings import Job
from kalib.words.told import told

DAY = "order_date"
LEAST_SHARE, LEAST_DAYS = 0.9, 5
"""So many of the moments must be midnight elsewhere, on so many days, before another time zone is thought of."""
ZONES = (
    *("Asia/Shanghai", "Asia/Singapore", "Asia/Taipei", "Asia/Tokyo", "Asia/Seoul", "Asia/Kolkata", "Asia/Bangkok"),
    *(
        "UTC",
        "Europe/Berlin",
        "Europe/Paris",
        "Europe/Madrid",
        "Europe/London",
        "Europe/Lisbon",
        "Europe/Athens",
        "Europe/Kyiv",
    ),
    *("Africa/Lagos", "Africa/Cairo", "Africa/Johannesburg", "Europe/Istanbul", "Europe/Moscow", "Africa/Nairobi"),
    *(
        "America/New_York",
        "America/Toronto",
        "America/Chicago",
        "America/Mexico_City",
        "America/Denver",
        "America/Phoenix",
    ),
    *(
        "America/Los_Angeles",
        "America/Vancouver",
        "America/Sao_Paulo",
        "America/Argentina/Buenos_Aires",
        "America/Bogota",
    ),
    *("America/Santiago", "America/Halifax", "America/Caracas", "Asia/Dubai", "Asia/Karachi", "Asia/Dhaka"),
    *("Asia/Kathmandu", "Asia/Yangon", "Asia/Tehran", "Asia/Kabul", "Asia/Tashkent", "Australia/Sydney"),
    *("Australia/Brisbane", "Australia/Adelaide", "Australia/Perth", "Pacific/Auckland", "Pacific/Honolulu"),
    *("America/Anchorage", "America/St_Johns", "Atlantic/Reykjavik", "Pacific/Fiji", "Pacific/Tongatapu"),
)
"""Zones that are proposed, of those that share a clock the one with most business first."""
MOST_ZONES = 3
NOON = 43_200
LONG_SILENCE, GAPS = 45, 5
"""A log ends early where the last order is more days, and more of its own gaps, before the file's date."""
_MOMENT = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d([.,]\d{1,9})?)? ?([Zz]|UTC|GMT|[+-]\d\d(:?\d\d)?)"
_NAMED_DAY = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(?:([-_./年]?)(0[1-9]|1[0-2]|(?<=[-_./年])[1-9](?!\d)))(?:[-_./月]?(0[1-9]|[12]\d|3[01])日?)?(?!\d)"
)


def find_day_doubts(con: duckdb.DuckDBPyConnection, job: Job, sources: Sequence[Source]) -> Iterator[Doubt]:
    """Yield what is doubtful about the order dates of ``raw``."""
    yield from day_month_exchanged(con, job, sources)
    yield from time_zone(con, job, sources)
    yield from log_ends_early(con, job, sources)


def _kind(con: duckdb.DuckDBPyConnection) -> str | None:
    return next((row[1] for row in con.execute("DESCRIBE raw").fetchall() if row[0] == DAY), None)


def _last_day(
    con: duckdb.DuckDBPyConnection, job: Job, *, exchanged: Sequence[str] = (), date_format: str | None = None
) -> dt.date | None:
    kind, said = _kind(con), job.read.date_format or date_format
    words = find_words(con, DAY, kind, date_format=said)
    read = read_date(DAY, kind, date_format=said, timezone=job.timezone, words=words, exchanged=exchanged)
    return con.execute(f"SELECT max({read.value}) FROM raw").fetchone()[0]


# ------------------------------------------------------------------------------------- day and month exchanged


def day_month_exchanged(con: duckdb.DuckDBPyConnection, job: Job, sources: Sequence[Source]) -> Iterator[Doubt]:
    """Doubt dates of which a spreadsheet read those it could month first: 05/01/2024 became 1 May, 13/01/2024 stayed text.

    Then every real date has a day up to 12 and every text a number above 12 in its place; honest dates fall so by a
    chance of (12/30.4)^days * (18.4/30.4)^texts. ``read.date_format`` says nothing of the real dates, and settles nothing.
    """
    if _kind(con) != "VARCHAR" or not (found := look_for_exchanged(con, DAY)):
        return
    one = found[0]
    date_format = _format_of(one)
    turned, as_read = (
        _last_day(con, job, exchanged=files, date_format=date_format)
        for files in (tuple(each.file for each in found), ())
    )
    name = "day_month_exchanged"
    declared = () if job.read.date_format else (f'read.date_format: "{date_format}"',)
    yield Doubt(
        name,
        told(
            "all {real} real dates have a day up to 12 ({first}, line {line} of {file}), and all that are text have one "
            "above 12 ({written}, line {text_line}); that is chance once in {odds}. A spreadsheet exchanged the day and the month "
            "where it could.",
            real=sum(each.rows for each in found),
            first=one.first[2],
            line=one.first[1],
            file=one.file,
            written=one.first_text[2],
            text_line=one.first_text[1],
            odds=f"{round(1 / one.chance):,}" if one.chance > 1e-9 else "1,000,000,000",
        ),
        (
            Reading(
                "swapped",
                told(
                    "the real dates are turned back: {first} is {turned}",
                    first=one.first[2],
                    turned=_turn(one.first[2]),
                ),
                (*declared, f"settled.{name}: swapped"),
                as_of=_written(turned),
            ),
            Reading(
                AS_IS,
                told("the real dates are right as they stand"),
                (*declared, f"settled.{name}: {AS_IS}"),
                as_of=_written(as_read),
            ),
        ),
        count=sum(each.rows for each in found),
        column=job.columns.mapped.get(DAY, DAY),
        first=(one.first, one.first_text),
        settled=job.settled.get(name),
    )


def find_date_format(con: duckdb.DuckDBPyConnection, job: Job) -> str | None:
    """Return how the text dates are written where a spreadsheet exchanged day and month of the others, and nobody settled that."""
    if "day_month_exchanged" in job.settled or _kind(con) != "VARCHAR" or not (found := look_for_exchanged(con, DAY)):
        return None
    return _format_of(found[0])


def _format_of(one: Exchanged) -> str:
    order = "%d{0}%m{0}%Y" if one.day_first else "%m{0}%d{0}%Y"
    return order.format(one.sign)


def _turn(written: str) -> str:
    return f"{written[:4]}-{written[8:10]}-{written[5:7]}"


def _written(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None


# --------------------------------------------------------------------------------------------------- time zone


@dataclass(frozen=True)
class Midnights:
    """Moments that are midnight in some zones and not in the job's: their clock times, those zones, and the last day in each."""

    times: tuple[str, ...]
    share: float
    count: int
    last: Mapping[str, dt.date]
    as_is: dt.date


def time_zone(con: duckdb.DuckDBPyConnection, job: Job, sources: Sequence[Source]) -> Iterator[Doubt]:
    """Doubt moments that are all midnight in another zone: days, which a program wrote as moments of UTC.

    Works on text with a zone and on TIMESTAMPTZ; a first look at a thousand rows says whether there is any.
    """
    kind, column = _kind(con), quote(DAY)
    if kind == "TIMESTAMP WITH TIME ZONE":
        moment = column
    elif kind == "VARCHAR":
        zoned = f"regexp_full_match(trim({column}), {text(_MOMENT)})"
        share = con.execute(
            f"SELECT avg({zoned}::INTEGER) FROM (SELECT {column} FROM raw WHERE {column} <> '' LIMIT 1000)"
        )
        if (share.fetchone()[0] or 0) < LEAST_SHARE:
            return
        moment = _moment(f"trim({column})")
    else:
        return
    few = con.execute(
        f"SELECT count(DISTINCT epoch(m)::BIGINT % 86400) FROM (SELECT {moment} AS m FROM raw LIMIT 1000)"
    ).fetchone()[0]
    if few > 150:  # a tenth of a thousand may be at any time
        return
    seconds = con.execute(
        f"SELECT floor(epoch(m))::BIGINT, count(*) FROM (SELECT {moment} AS m FROM raw) WHERE m IS NOT NULL GROUP BY 1"
    ).fetchall()
    found = find_midnights(dict(seconds), job.timezone)
    if found:
        first = con.execute(
            f"SELECT file, line, {column}::VARCHAR FROM raw WHERE {column} IS NOT NULL ORDER BY file, line LIMIT 3"
        ).fetchall()
        yield ask_time_zone(found, job, first=tuple(map(tuple, first)))


def _moment(name: str) -> str:
    """Return SQL for the moment in a text with a zone."""
    utc = rf"regexp_replace(regexp_replace(upper(replace({name}, ',', '.')), ' ?(Z|UTC|GMT)$', '+00'), '([+-]\d\d)(\d\d)$', '\1:\2')"
    return rf"TRY_CAST(regexp_replace({utc}, '([ T]\d\d:\d\d) ?([+-])', '\1:00\2') AS TIMESTAMPTZ)"


def find_midnights(seconds: Mapping[int, int], timezone: str) -> Midnights | None:
    """Say whether moments are midnight in another zone than the job's, and the days change with it.

    Parameters
    ----------
    seconds : seconds since 1970 to how many rows have them; from any engine (`count_seconds` for Ibis)
    timezone : of the job

    Examples
    --------
    >>> weekly = {1704038400 + week * 7 * 86400: 1 for week in range(10)}  # 2023-12-31T16:00Z and so on
    >>> found = find_midnights(weekly, "UTC")
    >>> found.times, str(found.last["Asia/Shanghai"]), str(found.as_is)
    (('16:00',), '2024-03-04', '2024-03-03')
    >>> find_midnights(weekly, "Asia/Shanghai") is None
    True
    """
    rows = sum(seconds.values())
    times = Counter()
    for second, count in seconds.items():
        times[second % 86400] += count
    common = times.most_common(2)
    if not rows or sum(count for _, count in common) < LEAST_SHARE * rows or len(seconds) < LEAST_DAYS:
        return None
    usual = {second: count for second, count in seconds.items() if second % 86400 in dict(common)}
    if len({second // 86400 for second in usual}) < LEAST_DAYS:
        return None
    here = _at_midnight(usual, timezone)
    if here >= LEAST_SHARE * rows:
        return None
    shares = {zone: _at_midnight(usual, zone) for zone in ZONES}
    most = max(shares.values())
    if most < LEAST_SHARE * rows:
        return None
    if all(second % 86400 == NOON for second in usual):  # the hour that programs give a day without one
        return None
    zones = [zone for zone in ZONES if shares[zone] == most and _moves(usual, zone, timezone)][:MOST_ZONES]
    if not zones:
        return None
    said = tuple(f"{time // 3600:02}:{time // 60 % 60:02}" for time, count in common if count >= 0.02 * rows)
    last = max(seconds)
    return Midnights(
        said, most / rows, most, {zone: _local(last, zone).date() for zone in zones}, _local(last, timezone).date()
    )


def _local(second: int, zone: str) -> dt.datetime:
    return dt.datetime.fromtimestamp(second, ZoneInfo(zone))


def _at_midnight(seconds: Mapping[int, int], zone: str) -> int:
    return sum(
        count
        for second, count in seconds.items()
        if (there := _local(second, zone)).hour == there.minute == there.second == 0
    )


def _moves(seconds: Mapping[int, int], zone: str, other: str) -> bool:
    return any(_local(second, zone).date() != _local(second, other).date() for second in seconds)


def count_seconds(moment: object) -> dict[int, int]:
    """Return seconds since 1970 to the number of rows, of a column of moments of an Ibis table; nothing where they are at many times.

    Parameters
    ----------
    moment : a timestamp column with a time zone, on any engine
    """
    table = moment.as_table() if not hasattr(moment, "get_name") else moment.name("moment").as_table()
    second = table.moment.epoch_seconds()
    times = (second % 86400).name("time").as_table().time.value_counts(name="n").order_by("n")
    few = times.limit(200).execute()
    if len(few) > 150:
        return {}
    counted = second.name("second").as_table().second.value_counts(name="n").execute().dropna()
    return {int(one): int(n) for one, n in zip(counted["second"], counted["n"], strict=True)}


def ask_time_zone(found: Midnights, job: Job, *, first: tuple[tuple[str, int | None, str | None], ...] = ()) -> Doubt:
    """Return the doubt about moments that are midnight elsewhere."""
    name = "time_zone"
    zones = tuple(found.last)
    return Doubt(
        name,
        told(
            "{share:.0%} of the moments are at {times} UTC, which is midnight in {zones} and not in {here}: they are days, "
            "and each is read as the day before or after.",
            share=found.share,
            times=" / ".join(found.times),
            zones=", ".join(zones),
            here=job.timezone,
        ),
        (
            *(
                Reading(
                    zone,
                    told("the business keeps the time of {zone}", zone=zone),
                    (f"timezone: {zone}",),
                    as_of=_written(day),
                )
                for zone, day in found.last.items()
            ),
            as_is(name, told("the days are those of {here}", here=job.timezone), as_of=_written(found.as_is)),
        ),
        count=found.count,
        column=job.columns.mapped.get(DAY, DAY),
        first=first,
        settled=job.settled.get(name),
    )


# ---------------------------------------------------------------------------------------------- log ends early


def log_ends_early(con: duckdb.DuckDBPyConnection, job: Job, sources: Sequence[Source]) -> Iterator[Doubt]:
    """Tell of files whose last order is long before the date in their name or their own properties; never their mtime."""
    dated = {source.name: stated for source in sources if (stated := stated_day(source))}
    if not dated or (kind := _kind(con)) is None:
        return
    words = find_words(con, DAY, kind, date_format=job.read.date_format)
    day = read_date(DAY, kind, date_format=job.read.date_format, timezone=job.timezone, words=words).value
    days: dict[str, list[dt.date]] = {}
    for file, one in con.execute(
        f"SELECT DISTINCT file, {day} AS day FROM raw WHERE list_contains(?, file) ORDER BY ALL", [list(dated)]
    ).fetchall():
        if one:
            days.setdefault(file, []).append(one)
    for file, found in days.items():
        (stated, where), last = dated[file], found[-1]
        gap = fmean([(after - before).days for before, after in pairwise(found)] or [1])
        silent = (stated - last).days
        if silent > LONG_SILENCE and silent > GAPS * gap:
            yield _told_early(job, file, stated, where, last, gap)


def _told_early(job: Job, file: str, stated: dt.date, where: str, last: dt.date, gap: float) -> Doubt:
    name = "log_ends_early"
    return Doubt(
        name,
        told(
            "{file} is dated {stated} in its {where}, and its last order is of {last}, {silent} days before; days with orders are "
            "{gap:.1f} days apart on average. Perhaps the export was cut.",
            file=file,
            stated=stated.isoformat(),
            where=told("name") if where == "name" else told("properties"),
            last=last.isoformat(),
            silent=(stated - last).days,
            gap=gap,
        ),
        (as_is(name, told("the log ends there"), as_of=last.isoformat()),),
        count=1,
        column=job.columns.mapped.get(DAY, DAY),
        first=((file, None, last.isoformat()),),
        stands=True,
        settled=job.settled.get(name),
    )


def stated_day(source: Source) -> tuple[dt.date, str] | None:
    """Return the day that a file states of itself, and where: in its ``name``, else in the ``properties`` of a workbook."""
    name = source.name.partition("[")[0]
    named = [day for match in _NAMED_DAY.finditer(name) if (day := _day_of(match))]
    if named:
        return max(named), "name"
    if source.kind == "sheet" and (day := _modified(source.path)):
        return day, "properties"
    return None


def _day_of(match: re.Match) -> dt.date | None:
    try:  # of a month, the first day: it says least
        return dt.date(int(match[1]), int(match[3]), int(match[4] or 1))
    except ValueError:
        return None


def _modified(path: Path) -> dt.date | None:
    """Return the day on which a program last saved a workbook, as it wrote into it."""
    try:
        with zipfile.ZipFile(path) as packed:
            name = next((each for each in ("docProps/core.xml", "meta.xml") if each in packed.namelist()), None)
            if name is None or packed.getinfo(name).file_size > 1 << 20:
                return None
            written = packed.read(name).decode("utf-8", "replace")
    except (OSError, zipfile.BadZipFile):
        return None
    found = re.search(r"<(?:dcterms:modified|dc:date)[^>]*>(\d{4})-(\d\d)-(\d\d)", written)
    try:
        return dt.date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
