"""What was known of a customer at an earlier date, and what came after it? Read from the days that the ledger keeps."""

from __future__ import annotations

import datetime as dt
import glob
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import ibis
import pandas as pd
import pyarrow as pa
from ibis.expr.types import Table

from kalib.ledger import features
from kalib.ledger.engines import without_bar
from kalib.ledger.report import read_report
from kalib.ledger.whole import write_whole


def snapshots(folder: Path, dates: Sequence[dt.date]) -> pd.DataFrame:
    """Return the features of every customer known at each of ``dates``, none after the run's own snapshot date.

    What was made for one page is kept in the folder for the others.

    Raises
    ------
    ValueError
        A date after the run's as_of.
    """
    _check_dates(folder, dates)
    state = _state(folder)
    kept = {date: folder / "snapshots" / f"{date}-{state}.feather" for date in sorted(set(dates))}
    frames = {date: frame for date, file in kept.items() if (frame := _read_kept(file)) is not None}
    missing = [date for date in kept if date not in frames]
    if missing:
        made = _ask(folder, missing, "snapshots", features.snapshots)
        made = made.sort_values(["as_of", "customer_id"], ignore_index=True)
        for date in missing:
            frames[date] = made[made["as_of"] == pd.Timestamp(date)]
            _keep(kept[date], frames[date].reset_index(drop=True).to_feather)
    return pd.concat([frames[date] for date in kept], ignore_index=True)


def _read(table: Table) -> pd.DataFrame:
    """Read a table of snapshots as ``to_pandas`` does, which takes as long for its columns as DuckDB for all the rest."""
    found = table.to_pyarrow()
    dates = [field.name for field in found.schema if pa.types.is_date(field.type)]
    return found.to_pandas(date_as_object=False).astype(dict.fromkeys(dates, "datetime64[s]"))


def _state(folder: Path) -> str:
    """Return what tells a ledger's days, and the code that reads them, from others: part of the name of what is kept."""
    days = (folder / "ledger" / "days.parquet").stat()
    code = hashlib.sha256(Path(features.__file__).read_bytes()).hexdigest()[:8]
    return f"{days.st_mtime_ns:x}-{days.st_size:x}-{code}"


def _read_kept(file: Path) -> pd.DataFrame | None:
    """Read a snapshot that was kept; None where there is none, or what there is cannot be read: then it is made."""
    if not file.is_file():
        return None
    try:
        return pd.read_feather(file)
    except (OSError, pa.ArrowException):
        return None


def _keep(file: Path, write: Callable[[Path], object]) -> None:
    """Keep a file, in one step: two notebooks may ask for the same at once."""
    file.parent.mkdir(exist_ok=True)
    write_whole(file, write)


def outcomes(folder: Path, dates: Sequence[dt.date], *, horizon_days: int) -> pd.DataFrame:
    """Return orders and net sales in the horizon after each of ``dates``; the whole horizon must lie before as_of.

    Raises
    ------
    ValueError
        A horizon that reaches beyond the run's as_of: its outcome is not known yet.
    """
    _check_dates(folder, [date + dt.timedelta(days=horizon_days) for date in dates])
    found = _ask(folder, dates, f"outcomes-{horizon_days}", partial(features.outcomes, horizon_days=horizon_days))
    return found.sort_values(["as_of", "customer_id"], ignore_index=True)


def _ask(folder: Path, dates: Sequence[dt.date], name: str, ask: Callable[..., Table]) -> pd.DataFrame:
    """Ask a ledger something of each date. The statement does not hang on the dates: who asks first leaves it for the others."""
    file = folder / "snapshots" / f"{name}-{_state(folder)}.sql"
    with open_ledger(folder) as tables:
        con = tables["days"].get_backend()
        asked = con.create_table("asked", pa.table({"as_of": pa.array(sorted(set(dates)), pa.date32())}), temp=True)
        if file.is_file():
            statement = file.read_text(encoding="utf-8")
        else:
            statement = str(con.compile(ask(tables["days"], asked, cancelled=tables["cancelled"])))
            _keep(file, lambda beside: beside.write_text(statement, encoding="utf-8"))
        return _read(con.sql(statement))


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
