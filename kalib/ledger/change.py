"""Did the data go bad since the last run? Half an export must not be reported as a lost half of the business."""

from __future__ import annotations

import datetime as dt
import glob
from dataclasses import dataclass
from pathlib import Path

import duckdb

from kalib.errors import DataError
from kalib.ledger.read import text
from kalib.ledger.room import told_shortage
from kalib.settings import Tolerance


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


def check_change(now: Extent, before: Extent, tolerance: Tolerance, *, source: str) -> None:
    """Refuse data that differs too much from what the last published run had for the same days.

    Rows, customers and net sales up to the last day of the last run are compared with what that run had: the smaller
    of the two may lack at most the tolerated share of the larger. The share of rows set aside, of the whole source,
    may grow by at most its tolerance.

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
                f"up to {before.last_day} there are {_say(what, here)}, and at the last run there were {_say(what, then)}"
            )
    if now.set_aside_share - before.set_aside_share > tolerance.set_aside:
        found.append(
            f"{now.set_aside_share:.1%} of the rows are set aside, and at the last run {before.set_aside_share:.1%}"
        )
    if found:
        raise DataError(
            f"{source}: {'; '.join(found)}. Look whether the export is whole. If it is right as it is, run once with "
            f"`-p tolerance=1`, or say how much may change under `tolerance:` in the job file.",
            rule="data_shrank",
        )


def _say(what: str, figure: float) -> str:
    return f"net sales of {figure:,.2f}" if what == "money" else f"{figure:,} {what}"
