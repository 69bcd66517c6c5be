"""When does a doubt matter? By the money of its rows, by the largest accounts, or by the last day: worked out by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest

from kalib.ledger.doubts.scene import Scene
from kalib.settings import Columns, Job

COLUMNS = Columns(customer_id="c", order_date="d", order_id="o", amount="a")
JOB = Job(job="x", source=["x.csv"], columns=COLUMNS, file="x.yaml")


def scene(rows: list[tuple[str, str, str, int]]) -> Scene:
    """Return a scene of used rows: customer, order, day, money."""
    table = pa.table(
        {
            "file": ["x.csv"] * len(rows),
            "line": pa.array(range(2, len(rows) + 2), pa.int64()),
            "customer_id": [row[0] for row in rows],
            "order_id": [row[1] for row in rows],
            "order_date": [dt.date.fromisoformat(row[2]) for row in rows],
            "amount": pa.array([Decimal(row[3]) for row in rows], pa.decimal128(30, 10)),
            "is_return": [row[3] < 0 for row in rows],
            "met_duplicate_kept": [False] * len(rows),
            "rule": pa.array([None] * len(rows), pa.string()),
        }
    )
    return Scene(JOB, ibis.duckdb.connect().create_table("rows", table))


LARGE = [(f"L{n}", f"{n}", "2024-01-05", 10_000) for n in range(12)]


@pytest.mark.parametrize(
    ("row", "matters"),
    [
        (("s", "90", "2024-01-04", 119), False),  # 119 of 120,119 is less than a thousandth
        (("s", "90", "2024-01-04", 121), True),  # 121 of 120,121 is more
        (("L0", "90", "2024-01-04", 100), False),  # 100 of 10,100: less than a hundredth of the account
        (("L0", "90", "2024-01-04", 119), True),  # 119 of 10,119 is more
        (("s", "90", "2024-01-06", 1), True),  # the last day hangs on it
    ],
)
def test_what_matters(row: tuple[str, str, str, int], matters: bool) -> None:
    view = scene([*LARGE, row])
    assert view.matters(view.used.order_id == "90") is matters


def test_figures_of_a_reading() -> None:
    view = scene([("a", "1", "2024-01-05", 10), ("a", "1", "2024-01-05", 5), ("b", "2", "2024-01-06", 7)])
    used = view.used
    assert view.base == {"net_sales": 22.0, "orders": 2, "customers": 2}
    assert view.figures(without=used.customer_id == "b") == {"net_sales": 15.0, "orders": 1, "customers": 1}
    assert view.figures(taken_off=used.customer_id == "b") == {"net_sales": 8.0, "orders": 1, "customers": 2}
    assert view.first(used.amount < 8, used.amount)[0] == ("x.csv", 3, "5.0000000000")
    assert view.share(used.customer_id == "b") == (1, 7.0, pytest.approx(7 / 22))
