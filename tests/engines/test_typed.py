"""Are values read alike on every engine? Typed tables through their own door, against the embedded one."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from kalib.ledger import engines, typed
from tests.engines.conftest import COLUMNS, Shop, assert_same, read_all

pytestmark = pytest.mark.deep
ZONES = ("UTC", "Asia/Shanghai", "Europe/London", "America/New_York")
KEY = [
    "customer_id",
    "order_id",
    "order_date",
    "amount",
    "quantity",
    "cost",
    "product",
    "category",
    "bad_value",
    "rule",
]


def parsed(shop: Shop, connection: engines.Backend, path: Path, spark_url: str = "", **settings: object) -> pa.Table:
    """Return the parsed rows of the nasty log, without what names the engine's own source."""
    job = shop.job("nasty", connection.name, spark_url, **settings)
    with_whole = typed.parse(typed.open_table(job, connection), job)
    return read_all(with_whole.drop("whole", "file"), path, by=KEY)


def sources(nasty: Shop) -> engines.Backend:
    return engines.connect(f"duckdb://{nasty.folder / 'shop.duckdb'}")


@pytest.mark.parametrize("money", ["amount", "money"])
@pytest.mark.parametrize("zone", ZONES)
def test_parsing_is_the_same(nasty: Shop, postgres, spark, spark_url, tmp_path, zone, money) -> None:
    settings = {"columns": {**COLUMNS, "amount": money}, "timezone": zone}
    embedded = sources(nasty)
    wanted = parsed(nasty, embedded, tmp_path / "duckdb.parquet", **settings)
    embedded.disconnect()
    assert_same(parsed(nasty, postgres, tmp_path / "postgres.parquet", **settings), wanted, "postgres")
    assert_same(parsed(nasty, spark, tmp_path / "spark.parquet", spark_url, **settings), wanted, "spark")
