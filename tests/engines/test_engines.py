"""Does a foreign DuckDB file stay within itself? Its views run in our process, with the rights of whoever runs the job."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from kalib import ledger
from kalib.errors import DataError
from kalib.settings import Job

COLUMNS = {"customer_id": "customer", "order_id": "ord", "order_date": "day", "amount": "amount"}
ROW = "'1' AS ord, DATE '2024-01-05' AS day, 10.0 AS amount"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a database, and a secret beside it."""
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2", encoding="utf-8")
    (tmp_path / "secret.csv").write_text("content\nhunter2\n", encoding="utf-8")
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute(f"CREATE TABLE orders AS SELECT 'ann' AS customer, {ROW}")
        con.execute("CREATE VIEW inside AS FROM orders")
        con.execute(f"CREATE VIEW texts AS SELECT content AS customer, {ROW} FROM read_text('{secret}')")
        con.execute(f"CREATE VIEW names AS SELECT file AS customer, {ROW} FROM glob('{tmp_path}/*')")
        con.execute(f"CREATE VIEW rows AS SELECT content AS customer, {ROW} FROM '{tmp_path}/secret.csv'")
    return tmp_path


def build(folder: Path, **place: str) -> ledger.LedgerReport:
    source = f"duckdb://{folder / 'shop.duckdb'}"
    settings = {"job": "shop", "file": folder / "job.yaml", "source": source, "columns": COLUMNS, **place}
    return ledger.build(Job.model_validate(settings), folder / "out")


@pytest.mark.parametrize("place", [{"table": "orders"}, {"table": "inside"}, {"query": "SELECT * FROM inside"}])
def test_what_is_within_is_read(folder: Path, place: dict) -> None:
    assert build(folder, **place).rows_used == 1


@pytest.mark.parametrize(
    "place",
    [{"table": "texts"}, {"table": "names"}, {"table": "rows"}, {"query": "FROM orders UNION ALL FROM texts"}],
    ids=["text", "names", "rows", "query"],
)
def test_what_reaches_outside_is_refused(folder: Path, place: dict) -> None:
    with pytest.raises(
        DataError, match=r"reaches outside its own database, and that is refused .*into a table"
    ) as caught:
        build(folder, **place)
    assert caught.value.rule == "engine_reaches_out"
    assert not (folder / "out").exists()
