"""What does the same table cost by kalib? Each task as a user's script would do it, from the log to a Parquet file."""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
from functools import partial
from pathlib import Path

import duckdb
import ibis
from ibis.expr.types import Table

from kalib.ledger import engines, features
from kalib.ledger.read import text

AS_OF = dt.date(2025, 12, 30)
DATES = [AS_OF - dt.timedelta(days=183 * back) for back in range(6)]
"""Half a year apart, so that the first has four months of history and the last three years."""


def write_days(con: ibis.BaseBackend, log: Path, out: Path) -> None:
    """Write the table of order days, sorted, as the ledger does."""
    engines.write(features.days(_lines(con, log)), out, by=("customer_id", "order_date"))


def write_snapshots(con: ibis.BaseBackend, log: Path, out: Path) -> None:
    """Write all features at six dates; ``log`` is the table of order days."""
    con.raw_sql(f"CREATE VIEW days AS FROM read_parquet({text(str(log))})")
    con.to_parquet(features.snapshots(con.table("days"), DATES), out)


def judge_csv(con: ibis.BaseBackend, log: Path, out: Path) -> None:
    """Read, parse and judge a CSV as `kalib run` does before it makes its tables; keep the judged lines, count the rules."""
    from kalib.ledger import parse, quality, read
    from kalib.ledger.rules import choose_actions
    from kalib.ledger.straight import parse_straight
    from kalib.settings import read_job

    with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        file = Path(scratch) / "benchmark.yaml"
        file.write_text(
            f"job: benchmark\nsource: {str(log)!r}\ncurrency: EUR\ncolumns: {{customer_id: customer_id, order_id: order_id, "
            "order_date: order_date, product: product, quantity: quantity, amount: amount}\n",
            encoding="utf-8",
        )
        job = read_job(file, {})
        actions = choose_actions(job.rules, job_file=job.file)
        with duckdb.connect() as raw:
            raw.execute("SET preserve_insertion_order = true")
            raw.execute("SET enable_progress_bar = false")
            raw.execute(f"SET temp_directory = {text(str(Path(scratch) / 'spill'))}")
            sources, _ = read.open_job(raw, job, read.find_files(job), scratch=Path(scratch))
            if not parse_straight(raw, job, sources, say=str):
                raise ValueError(f"{log} is not plain")
            parse.finish(raw, job, sources)
            backend = ibis.duckdb.from_connection(raw)
            judged = quality.judge(backend.table("parsed"), job, actions, keep=partial(engines.keep, backend))
            judged.count().to_pyarrow()
            used = judged.lines
            backend.to_parquet(used.agg(lines=used.count(), net_sales=used.amount.sum()), out)


def _lines(con: ibis.BaseBackend, log: Path) -> Table:
    """Return the log as the features know it; a line of less than nothing is a return."""
    con.raw_sql(
        "CREATE VIEW lines AS SELECT customer_id, order_id, order_date, amount, amount < 0 AS is_return "
        f"FROM read_parquet({text(str(log))})"
    )
    return con.table("lines")


TASKS = {
    "days": write_days,
    "snapshots": write_snapshots,
    "judge": judge_csv,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("log", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    begin = time.process_time()
    connection = ibis.duckdb.connect()
    connection.raw_sql("SET enable_progress_bar = false")
    connection.raw_sql(f"SET temp_directory = {text(str(given.out.parent / 'spill'))}")
    TASKS[given.task](connection, given.log, given.out)
    print(time.process_time() - begin)
