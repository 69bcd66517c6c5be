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
import numpy as np
from ibis.expr.types import Table

from kalib.ledger import engines, features
from kalib.ledger.read import text

AS_OF = dt.date(2025, 12, 30)
DATES = [AS_OF - dt.timedelta(days=183 * back) for back in range(6)]
"""Half a year apart, so that the first has four months of history and the last three years."""


def write_rfm(con: ibis.BaseBackend, log: Path, out: Path) -> None:
    """Write the RFM columns straight from the lines."""
    con.to_parquet(features.rfm(_lines(con, log), AS_OF), out)


def write_days(con: ibis.BaseBackend, log: Path, out: Path) -> None:
    """Write the table of order days, sorted, as the ledger does."""
    engines.write(features.days(_lines(con, log)), out, by=("customer_id", "order_date"))


def write_snapshots(con: ibis.BaseBackend, log: Path, out: Path) -> None:
    """Write all features at six dates; ``log`` is the table of order days."""
    con.raw_sql(f"CREATE VIEW days AS FROM read_parquet({text(str(log))})")
    con.to_parquet(features.snapshots(con.table("days"), DATES), out)


def write_summary(con: ibis.BaseBackend, log: Path, out: Path) -> None:
    """Write what the purchase models need: repeat order days, age at the last one, age today, mean money of a repeat day."""
    lines = _lines(con, log)
    days = lines.group_by("customer_id", "order_date").agg(net_sales=lines.amount.sum())
    table = days.group_by("customer_id").agg(
        frequency=days.count() - 1,
        first=days.order_date.min(),
        last=days.order_date.max(),
        net_sales=days.net_sales.sum(),
        first_net_sales=days.net_sales.argmin(days.order_date),
    )
    repeats = (table.net_sales - table.first_net_sales).cast("float64")
    table = table.select(
        "customer_id",
        "frequency",
        recency=table["last"].delta(table["first"], unit="day"),
        T=ibis.literal(AS_OF).delta(table["first"], unit="day"),
        monetary_value=ibis.ifelse(table.frequency > 0, repeats / table.frequency, 0.0),
    )
    con.to_parquet(table, out)


def write_scores(con: ibis.BaseBackend, log: Path, out: Path) -> None:
    """Write the RFM columns with scores by quintiles, without the names of segments, which the other side has not either."""
    from kalib.topics.rfm import BINS, MEASURES, RfmScorer  # with scikit-learn, which the other tasks do not need

    customers = features.rfm(_lines(con, log), AS_OF).to_pandas()
    edges = RfmScorer().fit(customers).edges_
    scores = {
        score: 1 + np.searchsorted(edges[score], customers[column].to_numpy(float))
        for score, column in MEASURES.items()
    }
    scores["r_score"] = BINS + 1 - scores["r_score"]
    customers.assign(**scores).to_parquet(out, index=False)


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
    "rfm": write_rfm,
    "days": write_days,
    "snapshots": write_snapshots,
    "summary": write_summary,
    "scores": write_scores,
    "judge": judge_csv,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("log", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    if given.task == "scores":
        import kalib.topics.rfm  # noqa: F401  imports are no work
    begin = time.process_time()
    connection = ibis.duckdb.connect()
    connection.raw_sql("SET enable_progress_bar = false")
    connection.raw_sql(f"SET temp_directory = {text(str(given.out.parent / 'spill'))}")
    TASKS[given.task](connection, given.log, given.out)
    print(time.process_time() - begin)
