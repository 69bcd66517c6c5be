"""Are the figures the same on every engine? Every expression, to the cent and the day, row by row, type by type."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest
from ibis.expr.types import Table

from kalib.ledger import engines, features, goods, payments, quality, returns, typed
from kalib.ledger.rules import choose_actions
from kalib.settings import Job
from tests.engines.conftest import COLUMNS, Shop, assert_same, read_all

pytestmark = pytest.mark.deep
SAMPLE = {
    name: name
    for name in (
        *("customer_id", "order_id", "order_date", "product", "category", "quantity", "amount", "cost", "discount"),
        *("due_date", "paid_date", "paid_amount"),
    )
}
LOGS = {
    "nasty": {
        "job": {"columns": COLUMNS, "timezone": "Asia/Shanghai"},
        "dates": [dt.date(2024, 5, 28), dt.date(2024, 9, 28), dt.date(2025, 1, 1)],
    },
    "wholesale": {
        "job": {"columns": SAMPLE, "read": {"discount": "share"}},
        "dates": [dt.date(2024, 6, 30), *(dt.date(2025, month, 28) for month in (3, 6, 9, 12)), dt.date(2026, 6, 30)],
    },
}


def make_tables(job: Job, connection: engines.Backend, dates: list[dt.date], folder: Path) -> dict[str, pa.Table]:
    """Return everything that is computed of a log on one engine."""
    folder.mkdir()
    number = [0]

    def keep(expression: Table, name: str = "step") -> Table:
        number[0] += 1
        return engines.keep(connection, expression, f"{name}_{number[0]}_{folder.name}")

    actions = choose_actions({}, job_file=job.file)
    judged = quality.judge(typed.parse(typed.open_table(job, connection), job), job, actions, keep=keep)
    judged = dataclasses.replace(judged, rows=keep(judged.rows))
    lines = judged.lines
    pairs = keep(returns.pair(lines))
    voids = keep(returns.void(lines, pairs))
    days, cancelled = keep(features.days(lines)), keep(returns.match(lines, voids))
    standing = features.standing(days, dates[-1:], cancelled)
    snapshot, day = ["as_of", "customer_id"], ["customer_id", "order_date"]
    expressions = {
        "set_aside": (judged.set_aside.drop("file"), ["rule", "order_id", "customer_id", "amount", "value"]),
        "counts": (judged.count(), []),
        "pairs": (pairs, [*returns.KEY, "order_date", "order_id", "is_return", "paired_on"]),
        "voids": (voids, ["customer_id", "order_id", "cancelled_on"]),
        "matched": (returns.summarise(pairs, voids), []),
        "days": (days, day),
        "cancelled": (cancelled, [*day, "cancelled_on"]),
        "customers": (features.snapshots(days, dates, cancelled), snapshot),
        "outcomes": (features.outcomes(days, dates[:-1], horizon_days=90, cancelled=cancelled), snapshot),
        "order_days": (features.order_days(standing), day),
        "months": (features.months(standing), ["customer_id", "month"]),
        "mix": (features.mix(lines), ["customer_id", "category"]),
        "goods": (goods.goods(lines, dates, pairs), snapshot),
    }
    if {"due_date", "paid_date"} <= set(lines.columns):
        expressions["payments"] = (payments.payments(lines, dates), snapshot)
    return {name: read_all(table, folder / f"{name}.parquet", by) for name, (table, by) in expressions.items()}


@pytest.fixture(scope="module")
def wanted(nasty: Shop, wholesale: Shop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, pa.Table]]:
    """Give what the embedded engine makes of both logs."""
    found = {}
    for name, log in LOGS.items():
        connection = engines.connect(f"duckdb://{nasty.folder / 'shop.duckdb'}")
        job = nasty.job(name, "duckdb", **log["job"])
        found[name] = make_tables(job, connection, log["dates"], tmp_path_factory.mktemp("wanted") / f"duckdb_{name}")
        connection.disconnect()
    return found


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("engine", ["postgres", "pyspark"])
def test_every_figure_is_the_same(
    nasty: Shop,
    wanted: dict[str, dict[str, pa.Table]],
    request: pytest.FixtureRequest,
    tmp_path: Path,
    engine: str,
    log: str,
) -> None:
    connection = request.getfixturevalue({"postgres": "postgres", "pyspark": "spark"}[engine])
    spark_url = request.getfixturevalue("spark_url") if engine == "pyspark" else ""
    job = nasty.job(log, engine, spark_url, **LOGS[log]["job"])
    found = make_tables(job, connection, LOGS[log]["dates"], tmp_path / f"{engine}_{log}")
    assert found.keys() == wanted[log].keys()
    wrong = []
    for name, table in found.items():
        try:
            assert_same(table, wanted[log][name], name)
        except AssertionError as difference:
            wrong.append(str(difference))
    assert not wrong, "\n".join(wrong)


def test_the_logs_hold_what_they_are_for(wanted: dict[str, dict[str, pa.Table]]) -> None:
    """A comparison of empty tables would prove nothing."""
    nasty, sample = wanted["nasty"], wanted["wholesale"]
    assert all(table.num_rows for log in wanted.values() for table in log.values())
    rules = set(nasty["set_aside"]["rule"].to_pylist())
    assert rules == {
        "date_missing",
        "date_sentinel",
        "date_impossible",
        "customer_missing",
        "number_missing",
        "number_unreadable",
    }
    customers = nasty["customers"].to_pandas().set_index(["as_of", "customer_id"])
    assert customers.loc[(dt.date(2025, 1, 1), "cents"), "net_sales"] == 0.07  # beside 1e14
    assert customers.loc[(dt.date(2024, 5, 28), "cancelled"), "orders"] == 0
    assert sample["customers"].num_rows > 7000
