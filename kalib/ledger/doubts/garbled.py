"""Are customers or products written twice, once well and once as UTF-8 read in the wrong encoding?"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from kalib.ledger.doubts.doubt import Doubt, Reading, as_is
from kalib.ledger.garbled import PATTERN, repair
from kalib.ledger.source import quote, shown, text
from kalib.words.told import told

NAME = "text_garbled"
REPAIRED = "repaired"
COLUMNS = ("customer_id", "product", "category")
_MAP = "_garbled"
_MOST_SHOWN = 12


def find_garbled(con: duckdb.DuckDBPyConnection, table: str = "parsed") -> Doubt | None:
    """Look for text that was UTF-8 read as Windows-1252; leaves the table alone.

    Parameters
    ----------
    con : connection
    table : with file, line, rule, amount, and those of ``COLUMNS`` that the source has

    Returns
    -------
    Doubt or None
        It may stand where nothing becomes one by the repair: then only the spelling is bad, and no figure moves.
    """
    kinds = {name: kind for name, kind, *_ in con.execute(f"DESCRIBE {quote(table)}").fetchall()}
    maps = {name: found for name in COLUMNS if name in kinds and (found := _broken(con, table, name))}
    if not maps:
        return None
    _keep(con, maps)
    hit = " OR ".join(f"{name} IN (SELECT broken FROM {_MAP} WHERE name = {text(name)})" for name in maps)
    count, money, every, customers = con.execute(
        f"SELECT count(*) FILTER ({hit}), coalesce(sum(abs(amount)) FILTER ({hit}), 0), coalesce(sum(abs(amount)), 0), "
        f"count(DISTINCT customer_id) FILTER (rule IS NULL) FROM {quote(table)}"
    ).fetchone()
    column = next(iter(maps))
    first = con.execute(
        f"SELECT file, line, {column} FROM {quote(table)} JOIN {_MAP} ON name = {text(column)} AND broken = {column} "
        "ORDER BY file, line LIMIT 3"
    ).fetchall()
    merged = {name: _merged(con, table, name) for name in maps}
    con.execute(f"DROP TABLE {_MAP}")
    broken, whole = next(iter(sorted(maps[column].items())))
    return Doubt(
        NAME,
        told(
            "{count:,} rows have text such as {broken}, which is UTF-8 read in the wrong encoding; it was {whole}.",
            count=count,
            broken=shown(broken, 60),
            whole=shown(whole, 60),
        ),
        (
            Reading(
                REPAIRED,
                told("such text is read as it was before"),
                (f"settled.{NAME}: {REPAIRED}",),
                customers=customers - merged.get("customer_id", 0),
            ),
            as_is(NAME, told("it stays as it is written"), customers=customers),
        ),
        count=count,
        money=float(money),
        share=float(money / every) if every else 0.0,
        column=column,
        first=tuple((file, line, shown(value, 60)) for file, line, value in first),
        values=tuple(sorted(shown(value, 60) for found in maps.values() for value in found)),
        stands=not any(merged.values()),
    )


def repair_columns(con: duckdb.DuckDBPyConnection, table: str = "parsed", columns: tuple[str, ...] = COLUMNS) -> int:
    """Repair the columns in place, where the job settled the doubt so; return how many values were repaired.

    ``customer_id`` of the tables beside the orders must be repaired too, so that they find their accounts.
    """
    kinds = {name: kind for name, kind, *_ in con.execute(f"DESCRIBE {quote(table)}").fetchall()}
    maps = {name: found for name in columns if name in kinds and (found := _broken(con, table, name))}
    if not maps:
        return 0
    _keep(con, maps)
    for name in maps:
        con.execute(
            f"UPDATE {quote(table)} SET {quote(name)} = {_MAP}.whole FROM {_MAP} WHERE {_MAP}.name = {text(name)} AND {_MAP}.broken = {quote(table)}.{quote(name)}"
        )
    con.execute(f"DROP TABLE {_MAP}")
    return sum(map(len, maps.values()))


def _broken(con: duckdb.DuckDBPyConnection, table: str, column: str) -> dict[str, str]:
    """Return the values of a column that can be repaired; a column of ASCII is hardly looked at."""
    found = con.execute(
        f"SELECT value FROM (SELECT DISTINCT {quote(column)}::VARCHAR AS value FROM {quote(table)} "
        f"WHERE strlen({quote(column)}::VARCHAR) > length({quote(column)}::VARCHAR)) WHERE regexp_matches(value, {text(PATTERN)})"
    ).fetchall()
    return {value: whole for (value,) in found if (whole := repair(value)) is not None}


def _keep(con: duckdb.DuckDBPyConnection, maps: dict[str, dict[str, str]]) -> None:
    rows = [
        {"name": name, "broken": broken, "whole": whole}
        for name, found in maps.items()
        for broken, whole in found.items()
    ]
    con.register("_garbled_rows", pa.Table.from_pylist(rows))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {_MAP} AS FROM _garbled_rows")
    con.unregister("_garbled_rows")


def _merged(con: duckdb.DuckDBPyConnection, table: str, column: str) -> int:
    """Return how many values of a column fewer there are when those that are broken are repaired."""
    return con.execute(
        f"WITH was AS (SELECT DISTINCT {quote(column)} AS value FROM {quote(table)} WHERE rule IS NULL AND {quote(column)} IS NOT NULL) "
        f"SELECT count(*) - count(DISTINCT coalesce(whole, value)) FROM was LEFT JOIN {_MAP} ON name = {text(column)} AND broken = value"
    ).fetchone()[0]
