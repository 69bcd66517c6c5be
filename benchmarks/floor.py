"""What does the same table cost in DuckDB's own hand-written SQL? The floor: no kalib, no Ibis, one statement a table."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import duckdb

AS_OF = "2025-12-30"

RFM = """
SELECT customer_id, max(placed) AS last_order_date, DATE '{as_of}' - max(placed) AS days_since_last_order,
  count(placed) AS orders, sum(net_sales)::DOUBLE AS net_sales
FROM (
  SELECT customer_id, order_id, max(order_date) FILTER (amount >= 0) AS placed, sum(amount) AS net_sales
  FROM {log} WHERE order_date <= DATE '{as_of}' GROUP BY ALL
)
GROUP BY customer_id
"""
"""Summed by order first: at these sizes a fifth cheaper than count(DISTINCT order_id), so the harder floor of the two."""

DAYS = """
SELECT *, CASE WHEN orders > 0 THEN order_date - lag(order_date) OVER (PARTITION BY customer_id, orders > 0 ORDER BY order_date) END AS gap_days
FROM (
  SELECT customer_id, order_date, count(*) FILTER (sold > 0) AS orders, sum(sold)::BIGINT AS lines, sum(net_sales) AS net_sales, coalesce(sum(gross_sales), 0) AS gross_sales
  FROM (
    SELECT customer_id, order_date, order_id, count(*) FILTER (amount >= 0) AS sold, sum(amount) AS net_sales, sum(amount) FILTER (amount > 0) AS gross_sales
    FROM {log} GROUP BY ALL
  )
  GROUP BY ALL
)
ORDER BY customer_id, order_date
"""
"""Right for a log whose orders have all their lines on one day, as the benchmark's have."""

STRICT = "read_csv({log}, header = true, strict_mode = true, {how})"


def write_rfm(con: duckdb.DuckDBPyConnection, log: Path, out: Path) -> None:
    """Write customer_id, last_order_date, days_since_last_order, orders, net_sales."""
    _copy(con, RFM.format(log=_text(log), as_of=AS_OF), out)


def write_days(con: duckdb.DuckDBPyConnection, log: Path, out: Path) -> None:
    """Write customer_id, order_date, orders, lines, net_sales, gross_sales, gap_days, sorted."""
    _copy(con, DAYS.format(log=_text(log)), out)


def count_csv(con: duckdb.DuckDBPyConnection, log: Path, out: Path) -> None:
    """Count the rows of a CSV in strict mode, every column converted to the type that the sniffer finds."""
    scan = STRICT.format(log=_text(log), how="store_rejects = false")
    _copy(con, f"SELECT count(*) AS lines, sum(amount) AS net_sales FROM {scan}", out)


def load_csv(con: duckdb.DuckDBPyConnection, log: Path, out: Path) -> None:
    """Load a CSV in strict mode into a table, typed by the sniffer; what one needs before one can ask anything of it."""
    con.execute(f"CREATE TABLE lines AS FROM {STRICT.format(log=_text(log), how='store_rejects = false')}")
    _copy(con, "SELECT count(*) AS lines, sum(amount) AS net_sales FROM lines", out)


def load_text(con: duckdb.DuckDBPyConnection, log: Path, out: Path) -> None:
    """Load a CSV in strict mode into a table, every column as the text that stands in the file."""
    con.execute(f"CREATE TABLE lines AS FROM {STRICT.format(log=_text(log), how='all_varchar = true')}")
    _copy(con, "SELECT count(*) AS lines, sum(amount::DECIMAL(12, 2)) AS net_sales FROM lines", out)


def _copy(con: duckdb.DuckDBPyConnection, query: str, out: Path) -> None:
    con.execute(f"COPY ({query}) TO {_text(out)} (FORMAT parquet)")


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


TASKS = {
    "rfm": write_rfm,
    "days": write_days,
    "count_csv": count_csv,
    "load_csv": load_csv,
    "load_text": load_text,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("log", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    begin = time.process_time()
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"SET temp_directory = {_text(given.out.parent / 'spill')}")
        TASKS[given.task](connection, given.log, given.out)
    print(time.process_time() - begin)
