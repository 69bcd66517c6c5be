"""What do the benchmarks measure on? A log of order lines of any size, the same for the same seed, made with DuckDB."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import duckdb

SEED = 20261123
FIRST_DAY = "2023-01-01"
DAYS = 3 * 365
PRODUCTS = 5_000
LENGTHS = (1, 2, 3, 4, 5, 5, 6, 7, 8, 9)
"""Lines of ten orders in turn: five lines an order, and the number of orders is known beforehand."""
RETURNS = 50
"""One order in fifty is a return."""
ENDINGS = {"parquet": "parquet", "csv": "csv", "sales": "sales.parquet"}


def log_query(lines: int, customers: int, *, seed: int = SEED) -> str:
    """Return SQL for the log, in the order of its days.

    Everything about an order or a line follows from a hash of its number, so that any part can be made alone and the
    number of threads changes nothing. Each customer orders at least once; the rest of the orders falls on
    customers with a density that makes a fifth of them bring about half. A return repeats the first lines of an
    order up to a year before, with the quantity negative; in every second one of them the product differs, so
    that it cancels nothing.

    Parameters
    ----------
    lines : number of lines; a multiple of 50
    customers : number of customers; at most a tenth of the lines
    seed : another one makes another log

    Returns
    -------
    str
        A query with customer_id (text), customer_number (the same as an integer), order_id (text), order_date,
        product, quantity, amount (decimal, negative for returns).
    """
    if lines % 50 or customers * 10 > lines:
        raise ValueError(f"lines must be a multiple of 50 and ten times the customers; got {lines} and {customers}")
    orders = lines // 5
    back = orders // (DAYS / 365)
    ends = [sum(LENGTHS[: n + 1]) for n in range(len(LENGTHS))]
    nth = " + ".join(f"(place >= {end})::INT" for end in ends[:-1])
    starts = [0, *ends[:-1]]
    share = "(hash({0}, {1}, {seed}) >> 11) / 9007199254740992.0".replace("{seed}", str(seed))

    def uniform(what: str, salt: int) -> str:
        return share.format(what, salt)

    return f"""
    WITH numbers AS (SELECT range AS i, range % 50 AS place FROM range({lines})),
    placed AS (SELECT i, place, ({nth})::BIGINT AS nth FROM numbers),
    lined AS (SELECT i // 50 * 10 + nth AS o, place - {starts}[nth + 1] AS line FROM placed),
    slots AS (
      SELECT *, o * {customers} // {orders} AS slot, o > 0 AND o * {customers} // {orders} = (o - 1) * {customers} // {orders} AS again
      FROM lined
    ),
    turned AS (SELECT *, again AND o > 1000 AND hash(o, 1, {seed}) % {RETURNS} = 0 AS is_return FROM slots),
    based AS (
      SELECT *, CASE WHEN is_return THEN greatest(o - 50 - ({uniform("o", 2)} * {back})::BIGINT, 0) ELSE o END AS base FROM turned
    ),
    bought AS (
      SELECT *, base * {customers} // {orders} AS base_slot,
        base = 0 OR base * {customers} // {orders} <> (base - 1) * {customers} // {orders} AS is_first
      FROM based
    ),
    known AS (
      SELECT o, line, is_return, base,
        (CASE WHEN is_first THEN base_slot ELSE ({customers} * pow({uniform("base", 3)}, 2))::BIGINT % {customers} END * 7368787 + 11) % {customers} AS c,
        CASE WHEN is_return AND o % 2 = 0 THEN line + 100 ELSE line END AS what
      FROM bought
    ),
    goods AS (
      SELECT *, ({PRODUCTS} * pow({uniform("base * 1000 + what", 4)}, 2))::BIGINT % {PRODUCTS} AS p,
        1 + (11 * pow({uniform("base * 1000 + what", 5)}, 3))::INT AS q FROM known
    ),
    priced AS (SELECT *, CASE WHEN is_return THEN -q ELSE q END AS quantity, (99 + hash(p, 6, {seed}) % 9900)::BIGINT AS cents FROM goods)
    SELECT (c + 1000000)::VARCHAR AS customer_id, c + 1000000 AS customer_number,
      CASE WHEN is_return THEN 'R' ELSE 'A' END || (o + 10000000) AS order_id,
      DATE '{FIRST_DAY}' + (o * {DAYS} // {orders})::INTEGER AS order_date,
      'P' || (p + 10000) AS product, quantity, (quantity * cents / 100)::DECIMAL(12, 2) AS amount
    FROM priced
    """


def make_log(folder: Path, lines: int, customers: int, *, kind: str = "parquet", seed: int = SEED) -> Path:
    """Write the log below ``folder`` unless it is there already, and return its path.

    Parameters
    ----------
    folder : where the file goes
    lines, customers, seed : as in ``log_query``
    kind : parquet; csv (without customer_number); or sales: Parquet without the returns, with two columns more for
        packages that know no dates and decimals: moment (order_date as a timestamp) and amount_float

    Returns
    -------
    Path
        ``orders-<lines>-<customers>-<seed>.parquet``, ``.csv`` or ``.sales.parquet``.
    """
    path = folder / f"orders-{lines}-{customers}-{seed}.{ENDINGS[kind]}"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    with duckdb.connect() as con:
        con.execute("SET enable_progress_bar = false")
        con.execute(f"SET temp_directory = '{str(folder / 'spill').replace(chr(39), chr(39) * 2)}'")
        query = log_query(lines, customers, seed=seed)
        if kind == "csv":
            query = f"SELECT * EXCLUDE (customer_number) FROM ({query})"
        if kind == "sales":
            query = f"SELECT *, order_date::TIMESTAMP AS moment, amount::DOUBLE AS amount_float FROM ({query}) WHERE amount >= 0"
        how = "csv, HEADER" if kind == "csv" else "parquet"
        con.execute(f"COPY ({query}) TO '{str(half).replace(chr(39), chr(39) * 2)}' (FORMAT {how})")
    half.replace(path)
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(tempfile.gettempdir()) / "kalib-benchmarks")
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=400_000)
    parser.add_argument("--kind", choices=ENDINGS, default="parquet")
    given = parser.parse_args()
    print(make_log(given.folder, given.lines, given.customers, kind=given.kind))
