"""Did the data go bad since the last run? Half an export must not be reported as a lost half of the business."""

from __future__ import annotations

import datetime as dt
import glob
from dataclasses import dataclass
from pathlib import Path

import duckdb

from kalib.errors import DataError
from kalib.ledger.room import told_shortage
from kalib.ledger.source import text
from kalib.settings import Tolerance
from kalib.words.told import told


@dataclass(frozen=True)
class Extent:
    """How much there is of a job's data up to a day: the last one with a row, lines that are no returns, and the rest."""

    last_day: dt.date
    rows: int
    customers: int
    money: float
    set_aside_share: float


def measure(folder: Path, *, until: dt.date, rows_read: int, rows_set_aside: int) -> Extent:
    """Measure the ledger in ``folder`` up to a day.

    Parameters
    ----------
    folder : a run's folder, as ``build`` leaves it
    until : nothing after it counts
    rows_read, rows_set_aside : of the whole source
    """
    days = text(glob.escape(str(folder / "ledger" / "days.parquet")))
    with told_shortage(), duckdb.connect() as con:
        last_day, rows, customers, money = con.execute(
            "SELECT max(order_date), coalesce(sum(lines), 0), count(DISTINCT customer_id), coalesce(sum(net_sales), 0) "
            f"FROM read_parquet({days}) WHERE order_date <= DATE '{until}'"
        ).fetchone()
    return Extent(last_day or until, int(rows), customers, float(money), rows_set_aside / max(rows_read, 1))


def check_change(now: Extent, before: Extent, tolerance: Tolerance, *, source: str, remark: str = "") -> None:
    """Refuse data that differs too much from what the last published run had for the same days.

    Rows, customers and net sales up to the last day of the last run are compared with what that run had: the smaller
    of the two may lack at most the tolerated share of the larger. The share of rows set aside, of the whole source,
    may grow by at most its tolerance.

    Parameters
    ----------
    source : how the message calls the data
    remark : what else is to be said, after the message

    Raises
    ------
    DataError
        Rule ``data_shrank``; says which figure, then and now, and how to let it pass.

    Examples
    --------
    >>> day = dt.date(2026, 1, 31)
    >>> check_change(Extent(day, 50, 10, 99.0, 0.0), Extent(day, 100, 10, 99.0, 0.0), Tolerance(), source="orders.csv")
    Traceback (most recent call last):
        ...
    kalib.errors.DataError: orders.csv: up to 2026-01-31 there are 50 rows, and at the last run there were 100 rows. Look whether the export is whole. If it is right as it is, run once with `-p tolerance=1`, or say how much may change under `tolerance:` in the job file.
    """
    found = []
    for what, then, here in (
        ("rows", before.rows, now.rows),
        ("customers", before.customers, now.customers),
        ("money", before.money, now.money),
    ):
        least, most = sorted((then, here))
        allowed = getattr(tolerance, what)
        if allowed < 1 and most > 0 and least < most * (1 - allowed):
            found.append(
                told(
                    "up to {day} there are {now}, and at the last run there were {then}",
                    day=before.last_day,
                    now=_say(what, here),
                    then=_say(what, then),
                )
            )
    if now.set_aside_share - before.set_aside_share > tolerance.set_aside:
        found.append(
            told(
                "{now:.1%} of the rows are set aside, and at the last run {then:.1%}",
                now=now.set_aside_share,
                then=before.set_aside_share,
            )
        )
    if found:
        raise DataError(
            told(
                "{source}: {why}. Look whether the export is whole. If it is right as it is, run once with `-p "
                "tolerance=1`, or say how much may change under `tolerance:` in the job file.{remark}",
                source=source,
                why="; ".join(map(str, found)),
                remark=remark,
            ),
            rule="data_shrank",
        )


@dataclass(frozen=True)
class Settled:
    """A doubt that the job settled: by which reading, and on what evidence."""

    doubt: str
    reading: str
    count: int
    share: float
    values: tuple[str, ...] = ()


MORE_TIMES = 2
"""Evidence that grew to more than so many times its share of the money is other evidence,"""
MORE_POINTS = 0.01
"""if it also grew by more than this share."""


def check_settled(now: Settled, before: Settled, *, source: str) -> None:
    """Refuse a doubt that was settled by the same reading at the last run, on evidence that was not there then.

    Raises
    ------
    DataError
        Rule is the doubt's name: values that are new, or a share of the money that more than doubled and grew by more
        than one point; says then and now, and how to confirm the reading.

    Examples
    --------
    >>> before = Settled("status_unclear", "as_is", 3, 0.004, ("Closed",))
    >>> check_settled(Settled("status_unclear", "as_is", 5, 0.013, ("Closed",)), before, source="orders.csv")
    >>> check_settled(Settled("status_unclear", "as_is", 9, 0.020, ("Closed",)), before, source="orders.csv")
    Traceback (most recent call last):
        ...
    kalib.errors.DataError: orders.csv: `settled.status_unclear: as_is` was decided on other evidence: at the last run it was about 3 rows with 0.4% of the money, and now about 9 with 2.0%. Look at them; if the reading is still right, confirm it once with `-p settled.status_unclear=as_is`.
    """
    known = set(before.values)
    added = [value for value in now.values if value not in known]
    grown = now.share > before.share * MORE_TIMES and now.share - before.share > MORE_POINTS
    if not added and not grown:
        return
    found = [
        told(
            "at the last run it was about {rows:,} rows with {share:.1%} of the money, and now about {rows_now:,} "
            "with {share_now:.1%}",
            rows=before.count,
            share=before.share,
            rows_now=now.count,
            share_now=now.share,
        )
    ]
    if added:
        shown = ", ".join(f"'{value}'" for value in added[:_MOST_SHOWN]) + (", …" if len(added) > _MOST_SHOWN else "")
        then = ", ".join(f"'{value}'" for value in before.values[:_MOST_SHOWN]) or told("none")
        found.append(told("new since then: {shown} (then: {then})", shown=shown, then=then))
    raise DataError(
        told(
            "{source}: `settled.{doubt}: {reading}` was decided on other evidence: {why}. Look at them; if the "
            "reading is still right, confirm it once with `-p settled.{doubt}={reading}`.",
            source=source,
            doubt=now.doubt,
            reading=now.reading,
            why="; ".join(map(str, found)),
        ),
        rule=now.doubt,
        value=added[0] if added else None,
    )


_MOST_SHOWN = 6


def _say(what: str, figure: float) -> str:
    """Return a figure of the source in words."""
    return str(
        {
            "rows": told("{count:,} rows", count=figure),
            "customers": told("{count:,} customers", count=figure),
            "money": told("net sales of {amount:,.2f}", amount=figure),
        }[what]
    )
