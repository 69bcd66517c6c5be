"""Does a source raise the same doubts by either door? Small tables, as a file and on each engine, with what each reading gives."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from kalib import ledger
from kalib.errors import DoubtError
from kalib.settings import Job
from tests.engines.conftest import Shop

COLUMNS = {"customer_id": "customer", "order_id": "order", "order_date": "day", "amount": "amount"}
FIGURES = ("reading", "net_sales", "orders", "customers", "as_of", "lines")


def log(**beside: object) -> pa.Table:
    """Return 24 orders of six customers, two lines of 10 and 20 each; ``beside`` gives a column's value for each line."""
    lines = [(order, line) for order in range(24) for line in range(2)]
    table = {
        "customer": [f"C{order % 6}" for order, _ in lines],
        "order": [f"A{1000 + order}" for order, _ in lines],
        "day": [dt.date(2024, 1, 5) + dt.timedelta(days=7 * order) for order, _ in lines],
        "amount": [10.0 + 10 * line for _, line in lines],
        "note": [f"n{order}-{line}" for order, line in lines],
    }
    for name, give in beside.items():
        table[name] = [give(order, line) for order, line in lines]
    return pa.table(table)


def moment(order: int, line: int) -> dt.datetime:
    """Return midnight in Shanghai, in UTC."""
    return dt.datetime(2024, 1, 4, 16, tzinfo=dt.UTC) + dt.timedelta(days=7 * order)


TABLES: dict[str, tuple[str, pa.Table]] = {
    "status": ("status_unclear", log(status=lambda order, line: "Cancelled" if order == 3 else "Complete")),
    "kind": ("type_unclear", log(doc_type=lambda order, line: "Credit memo" if order % 8 == 3 else "Invoice")),
    "money_of": ("currency_unmapped", log(Waers=lambda order, line: "USD" if order % 4 == 1 else "EUR")),
    "sides": ("debit_credit", log(side=lambda order, line: "H" if order % 8 == 3 else "S").rename_columns(["customer", "order", "day", "amount", "note", "S/H"])),
    "refunds": ("refund_unmapped", log(refund_amount=lambda order, line: 5.5 if order == 3 else None)),
    "totals": ("order_total_on_lines", log(amount=lambda order, line: 30.0 + order)),
    "walkin": ("walk_in", log(customer=lambda order, line: "Walk-in" if order % 6 == 3 else f"C{order % 6}")),
    "midnights": ("time_zone", log(day=moment)),
    "twice": ("rows_twice", pa.concat_tables([log()] * 2)),
}  # fmt: skip


def find(job: Job, folder: Path) -> dict[str, dict[str, object]]:
    """Return the doubts of a source by name, whether it is refused for them or not."""
    try:
        doubts = ledger.build(job, folder).doubts
    except DoubtError as error:
        doubts = error.doubts
    return {
        one["doubt"]: {
            **{name: one[name] for name in ("count", "money", "share_of_money", "column", "values", "stands", "says")},
            "readings": [{name: reading[name] for name in FIGURES} for reading in one["readings"]],
        }
        for one in doubts
    }


@pytest.fixture(scope="module")
def doubtful(shop: Shop) -> Shop:
    """Give the shop with the small tables in it."""
    for name, (_, table) in TABLES.items():
        shop.store(table, name)
    return shop


@pytest.mark.run
@pytest.mark.parametrize("engine", ["duckdb", "postgres", "pyspark"])
@pytest.mark.parametrize("name", TABLES)
def test_the_same_table_raises_the_same_doubts_by_either_door(
    doubtful: Shop, request: pytest.FixtureRequest, tmp_path: Path, name: str, engine: str
) -> None:
    spark_url = request.getfixturevalue("spark_url") if engine == "pyspark" else ""
    settings = {"columns": COLUMNS, "currency": "EUR"}
    wanted = find(doubtful.job(name, "file", **settings), tmp_path / "file")
    assert TABLES[name][0] in wanted
    assert find(doubtful.job(name, engine, spark_url, **settings), tmp_path / engine) == wanted
