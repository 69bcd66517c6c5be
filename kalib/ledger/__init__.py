"""Orders in, four bounded tables out: the only part of the house that sees an order line."""

from __future__ import annotations

import dataclasses
import datetime as dt
import glob
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import ibis
import pandas as pd
import pyarrow.parquet as pq
from ibis.expr.types import Table

from kalib.errors import DataError, MissingColumnsError, nearest
from kalib.ledger import features, quality, read
from kalib.settings import Job

NOT_READ = ("discount", "order_type", "due_date", "paid_date", "paid_amount")
"""Columns that a job may map and that no table of this version uses; the report names them."""
STRAY_DAYS, STRAY_SHARE = 180, 1000
"""Without `as_of`, fewer than one row in a thousand, dated half a year after all others, may not decide it."""


@dataclass(frozen=True)
class LedgerReport:
    """What came in and what was done with it. ``rows_read == rows_used + rows_set_aside``, always."""

    as_of: dt.date
    rows_read: int
    rows_used: int
    rows_set_aside: int
    first_order_date: dt.date
    sales_used: float
    issues: list[dict[str, object]]
    inputs: dict[str, str]
    tables: dict[str, int]
    missing: dict[str, str] = field(default_factory=dict)
    not_used: list[str] = field(default_factory=list)


def build(job: Job, folder: Path, *, say: Callable[[str], None] | None = None) -> LedgerReport:
    """Read and judge a job's source and write its tables below ``folder``.

    Parameters
    ----------
    job : settings
    folder : gets ``tables/*.parquet``, ``ledger/days.parquet`` and ``ledger.json``; untouched when the data is refused
    say : gets a line for each step

    Returns
    -------
    LedgerReport
        Rows and money, by rule.

    Raises
    ------
    DataError, SettingsError
        The data or the settings are refused; nothing is written.
    """
    say = say or (lambda line: None)
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".ledger-", dir=folder))
    try:
        report = _build(job, scratch, say)
        for name in ("tables", "ledger"):
            (folder / name).mkdir(exist_ok=True)
            for path in (scratch / name).iterdir():
                path.replace(folder / name / path.name)
        for name in report.missing:  # left by an earlier build
            (folder / "tables" / f"{name}.parquet").unlink(missing_ok=True)
        (scratch / "ledger.json").replace(folder / "ledger.json")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if is_new and not any(folder.iterdir()):
            folder.rmdir()
    return report


def _build(job: Job, scratch: Path, say: Callable[[str], None]) -> LedgerReport:
    files = read.find_files(job)
    for name in ("tables", "ledger"):
        (scratch / name).mkdir()
    with duckdb.connect() as raw_connection:  # in memory; what does not fit there goes into the scratch folder
        raw_connection.execute("SET preserve_insertion_order = true")
        raw_connection.execute(f"SET temp_directory = {read.text(str(scratch / 'spill'))}")
        accounts = _read_accounts(raw_connection, job, scratch)
        sources = read.load_raw(raw_connection, job, files, scratch=scratch, say=say)
        rows_read = raw_connection.execute("SELECT count(*) FROM raw").fetchone()[0]
        say(f"judging {rows_read:,} rows")
        quality.judge(raw_connection, job, sources)
        issues = quality.count_rules(raw_connection, job)
        rows_used, sales, first, last, any_order = raw_connection.execute(
            "SELECT count(*), sum(amount), min(order_date), max(order_date), bool_or(NOT is_return) FROM lines"
        ).fetchone()
        if not rows_used or not any_order:
            raise _nothing_left(sources, rows_read, issues)
        as_of = job.as_of or _last_day(raw_connection, sources, last)
        say("making customers, months, mix and order days")
        tables = _write_tables(raw_connection, scratch, as_of)
    if accounts is not None:
        accounts.to_parquet(scratch / "tables" / "accounts.parquet", index=False)
        tables["accounts"] = len(accounts)
    paths = [source.path for source in sources] + ([job.path(job.accounts)] if job.accounts else [])
    report = LedgerReport(
        as_of=as_of,
        rows_read=rows_read,
        rows_used=rows_used,
        rows_set_aside=tables["set_aside"],
        first_order_date=first,
        sales_used=round(float(sales), 2),
        issues=issues,
        inputs={name: read.hash_file(path) for name, path in zip(read.name_files(paths), paths, strict=True)},
        tables=tables,
        missing={} if accounts is not None else {"accounts": "not_given"},
        not_used=[name for name in NOT_READ if name in job.columns.mapped]
        + [name for name in ("contacts", "costs", "targets") if getattr(job, name)],
    )
    assert report.rows_read == report.rows_used + report.rows_set_aside
    quality_table = pd.DataFrame(issues, columns=["rule", "action", "count", "amount"]).rename(
        columns={"count": "rows"}
    )
    quality_table.to_parquet(scratch / "tables" / "quality.parquet", index=False)
    tables["quality"] = len(quality_table)
    (scratch / "ledger.json").write_text(
        json.dumps(dataclasses.asdict(report), ensure_ascii=False, indent=1, default=str), encoding="utf-8"
    )
    return report


def _last_day(con: duckdb.DuckDBPyConnection, sources: list[read.Source], last: dt.date) -> dt.date:
    """Return the last day of the source as snapshot date, unless a few stray rows far ahead would decide it."""
    stray, before = con.execute(
        f"SELECT count(*) FILTER (order_date > limit_), max(order_date) FILTER (order_date <= limit_) "
        f"FROM lines, (SELECT DATE '{last}' - {STRAY_DAYS} AS limit_)"
    ).fetchone()
    rows = con.execute("SELECT count(*) FROM lines").fetchone()[0]
    if before is None or stray * STRAY_SHARE > rows or rows < STRAY_SHARE:
        return last
    file, line = con.execute(
        "SELECT file, line FROM lines WHERE order_date = ? ORDER BY ALL LIMIT 1", [last]
    ).fetchone()
    raise DataError(
        f"{sources[0].path}, line {line}: the last order is dated {last}, while all but {stray} of {rows:,} rows end by {before}. "
        "Correct the date, or say `as_of:` in the job file.",
        rule="date_far_ahead",
        file=file,
        line=line,
        column="order_date",
        value=str(last),
    )


def _write_tables(raw_connection: duckdb.DuckDBPyConnection, scratch: Path, as_of: dt.date) -> dict[str, int]:
    con = ibis.duckdb.from_connection(raw_connection)
    con.create_table("days", features.days(con.table("lines")))
    days = con.table("days")
    expressions = {
        "customers": features.snapshots(days, [as_of]),
        "months": features.months(days),
        "mix": features.mix(con.table("lines")),
        "order_days": features.order_days(days),
        "set_aside": con.table("set_aside")
        .mutate(amount=ibis._.amount.cast("float64").round(2))
        .order_by("file", "line"),
    }
    rows = {}
    for name, expression in expressions.items():
        path = scratch / "tables" / f"{name}.parquet"
        con.to_parquet(expression, path)
        rows[name] = pq.read_metadata(path).num_rows
    con.to_parquet(days.order_by("customer_id", "order_date"), scratch / "ledger" / "days.parquet")
    return rows


def _read_accounts(con: duckdb.DuckDBPyConnection, job: Job, scratch: Path) -> pd.DataFrame | None:
    """Read the optional table of accounts, all text but for the figures it is known for."""
    if not job.accounts:
        return None
    path = _find_accounts(job)
    source = _open_accounts(con, path, job, scratch)
    if "customer_id" not in source.columns:
        hint = f"({nearest('customer_id', source.columns)})"
        raise MissingColumnsError(
            str(path), ["customer_id"], source.columns, f"The table of accounts has one row per customer_id {hint}"
        )
    try:
        frame = con.execute(f"SELECT * FROM ({source.scan}) ORDER BY __line").df()
    except duckdb.Error as error:
        raise read.unreadable(source, error) from None
    if frame.empty:
        raise DataError(f"{path}: there is a header and no account below it.", rule="file_empty", file=path.name)
    ids = frame["customer_id"].astype("str").str.strip()
    frame["customer_id"] = ids.str.replace(r"^(\d+)\.0+$", r"\1", regex=True)  # as the orders are read
    lines = frame.pop("__line")
    blank = frame["customer_id"].isna() | (frame["customer_id"] == "")
    twice = frame["customer_id"].duplicated()
    for wrong, rule, said in (
        (blank, "account_missing", "an account without a customer_id. Give it one, or leave the row out."),
        (twice, "account_twice", "the account stands in the table twice. Keep one row per account."),
    ):
        if wrong.any():
            line, value = int(lines[wrong.idxmax()]), frame.loc[wrong.idxmax(), "customer_id"]
            value = value if isinstance(value, str) else ""
            raise DataError(
                f"{path}, line {line}, column customer_id, value {value!r}: {said}",
                rule=rule,
                file=path.name,
                line=line,
                column="customer_id",
                value=value,
            )
    for name in ("satisfaction", "complaints", "wallet", "followers", "referrals"):
        if name in frame:
            frame[name] = pd.to_numeric(frame[name], errors="coerce")
    return frame.sort_values("customer_id", ignore_index=True)


def _find_accounts(job: Job) -> Path:
    try:
        path = job.path(str(job.accounts))
        if path.is_file():
            return path
    except (OSError, RuntimeError) as error:  # a name that no file can have, or `~` of a user who is not there
        raise DataError(
            f"`accounts: {job.accounts}` in {job.file}: {error}.", rule="file_missing", file=job.accounts
        ) from None
    raise DataError(
        f"{path}: there is no such file. `accounts` in {job.file} names it.", rule="file_missing", file=job.accounts
    )


def _open_accounts(con: duckdb.DuckDBPyConnection, path: Path, job: Job, scratch: Path) -> read.Source:
    """Open the table of accounts in UTF-8, or in the encoding of the orders where it is not."""
    own = job.read.model_copy(update={"delimiter": None, "encoding": "utf-8"})
    name = f"accounts/{path.name}"
    try:
        source = read.open_source(con, path, own, scratch=scratch, name=name)
    except DataError as error:
        if error.rule not in ("encoding", "file_damaged") or job.read.encoding == own.encoding:
            raise
        source = read.open_source(
            con, path, own.model_copy(update={"encoding": job.read.encoding}), scratch=scratch, name=name
        )
    return dataclasses.replace(source, name=path.name)


def _nothing_left(sources: list[read.Source], rows_read: int, issues: list[dict[str, object]]) -> DataError:
    why = (
        "; ".join(f"{issue['count']:,} {issue['rule']} (first at line {issue['line']})" for issue in issues)
        or "no row is an order"
    )
    return DataError(
        f"{sources[0].path}: of {rows_read:,} rows none is an order that can be used: {why}. Check `columns:` and `as_of:`.",
        rule="nothing_left",
        file=sources[0].name,
    )


def read_report(folder: Path) -> LedgerReport:
    """Read the report that ``build`` left in ``folder``."""
    stored = json.loads((folder / "ledger.json").read_text(encoding="utf-8"))
    for name in ("as_of", "first_order_date"):
        stored[name] = dt.date.fromisoformat(stored[name])
    return LedgerReport(**stored)


def snapshots(folder: Path, dates: Sequence[dt.date]) -> pd.DataFrame:
    """Return the features of every customer known at each of ``dates``, none after the run's own snapshot date.

    Raises
    ------
    ValueError
        A date after the run's as_of.
    """
    _check_dates(folder, dates)
    with _days(folder) as days:
        return features.snapshots(days, dates).to_pandas()


def outcomes(folder: Path, dates: Sequence[dt.date], *, horizon_days: int) -> pd.DataFrame:
    """Return orders and net sales in the horizon after each of ``dates``; the whole horizon must lie before as_of.

    Raises
    ------
    ValueError
        A horizon that reaches beyond the run's as_of: its outcome is not known yet.
    """
    _check_dates(folder, [date + dt.timedelta(days=horizon_days) for date in dates])
    with _days(folder) as days:
        return features.outcomes(days, dates, horizon_days=horizon_days).to_pandas()


@contextmanager
def _days(folder: Path) -> Iterator[Table]:
    con = ibis.duckdb.connect()
    try:
        con.raw_sql(
            f"CREATE VIEW days AS FROM read_parquet({read.text(glob.escape(str(folder / 'ledger' / 'days.parquet')))})"
        )
        yield con.table("days")
    finally:
        con.disconnect()


def _check_dates(folder: Path, dates: Sequence[dt.date]) -> None:
    as_of = read_report(folder).as_of
    late = [date for date in dates if date > as_of]
    if late:
        raise ValueError(f"{max(late)} lies after the snapshot date {as_of}; nothing after it is known.")
