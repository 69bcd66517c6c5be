"""Does a sheet that is left out list orders of the source as returned?"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from kalib.ledger.doubts.doubt import Doubt, Reading, as_is, in_yaml
from kalib.ledger.doubts.scene import Scene
from kalib.ledger.doubts.vocabulary import source_meaning
from kalib.ledger.source import Source, text
from kalib.settings import Job
from kalib.words.told import told

LEAST = 3
"""So many of its numbers must be orders of the source."""


@dataclass(frozen=True)
class Listed:
    """The order numbers that a sheet lists, and its name."""

    sheet: str
    orders: tuple[str, ...]


def find_listed(con: duckdb.DuckDBPyConnection, job: Job, sources: Sequence[Source]) -> Listed | None:
    """Return what the sheet of ``read.returned_orders`` lists, else a sheet of returns that was left out.

    Its column of order numbers is the one of which most values are orders of the table ``parsed``.
    """
    if not job.columns.order_id:
        return None
    sheets = {sheet.name: sheet for source in sources for sheet in source.beside}
    told_sheet = job.read.returned_orders
    for name, sheet in sheets.items():
        if name != told_sheet if told_sheet else source_meaning(name) != "returns":
            continue
        rows = f"read_parquet({text(glob.escape(str(sheet.rows)))}, hive_partitioning = false)"
        best: list[str] = []
        for place in range(len(sheet.titles)):
            found = con.execute(
                f"SELECT DISTINCT trim(c{place}) AS v FROM {rows} WHERE __line > {sheet.header_line} AND trim(c{place}) IN "
                "(SELECT order_id FROM parsed) ORDER BY v"
            ).fetchall()
            best = max(best, [row[0] for row in found], key=len)
        if len(best) >= (1 if told_sheet else LEAST):
            return Listed(name, tuple(best))
    return None


def doubt_listed(scene: Scene, listed: Listed | None) -> Iterator[Doubt]:
    """Doubt orders that a sheet beside lists as returned, and that count as sales."""
    if listed is None or scene.job.read.returned_orders:
        return
    hit = scene.used.order_id.isin(listed.orders)
    count, money, share = scene.share(hit)
    if not count:
        return
    yield Doubt(
        "returns_beside",
        told(
            "Sheet {sheet} is left out, and lists {orders:,} orders of the source as returned: {count:,} rows, {money:,.2f}.",
            sheet=listed.sheet,
            orders=len(listed.orders),
            count=count,
            money=money,
        ),
        (
            Reading(
                "left_out",
                told("orders on it were returned: they are left out"),
                (f"read.returned_orders: {in_yaml(listed.sheet)}",),
                **scene.figures(without=hit),
            ),
            as_is("returns_beside", told("sales are those before returns"), **scene.base),
        ),
        count=count,
        money=money,
        share=share,
        first=scene.first(hit, scene.used.order_id),
        stands=not scene.matters(hit),
    )
