"""What was known of a customer at an earlier date, and what came after it? Read from the days that the ledger keeps."""

from __future__ import annotations

import datetime as dt
import glob
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import ibis
import pandas as pd
from ibis.expr.types import Table

from kalib.ledger import features
from kalib.ledger.engines import without_bar
from kalib.ledger.report import read_report


def snapshots(folder: Path, dates: Sequence[dt.date]) -> pd.DataFrame:
    """Return the features of every customer known at each of ``dates``, none after the run's own snapshot date.

    Raises
    ------
    ValueError
        A date after the run's as_of.
    """
    _check_dates(folder, dates)
    with open_ledger(folder) as tables:
        found = features.snapshots(tables["days"], dates, cancelled=tables["cancelled"])
        return found.order_by("as_of", "customer_id").to_pandas()


def outcomes(folder: Path, dates: Sequence[dt.date], *, horizon_days: int) -> pd.DataFrame:
    """Return orders and net sales in the horizon after each of ``dates``; the whole horizon must lie before as_of.

    Raises
    ------
    ValueError
        A horizon that reaches beyond the run's as_of: its outcome is not known yet.
    """
    _check_dates(folder, [date + dt.timedelta(days=horizon_days) for date in dates])
    with open_ledger(folder) as tables:
        days, cancelled = tables["days"], tables["cancelled"]
        return features.outcomes(days, dates, horizon_days=horizon_days, cancelled=cancelled).to_pandas()


@contextmanager
def open_ledger(folder: Path) -> Iterator[dict[str, Table]]:
    """Give the tables that the ledger keeps for every date, by name, as Ibis tables of an embedded DuckDB."""
    con = without_bar(ibis.duckdb.connect())
    try:
        yield {
            path.stem: con.read_parquet(glob.escape(str(path)), table_name=path.stem)
            for path in sorted((folder / "ledger").glob("*.parquet"))
        }
    finally:
        con.disconnect()


def _check_dates(folder: Path, dates: Sequence[dt.date]) -> None:
    as_of = read_report(folder).as_of
    late = [date for date in dates if date > as_of]
    if late:
        raise ValueError(f"{max(late)} lies after the snapshot date {as_of}; nothing after it is known.")
