"""Are the shipped logs, and a real one, left in peace? What is told of them is listed here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kalib import ledger
from kalib.settings import Columns, Job

TOLD: dict[str, set[str]] = {"wholesale": set(), "cdnow": set()}


@pytest.mark.parametrize("name", TOLD)
def test_a_shipped_log_raises_no_doubt(shipped: Callable[[str], Path], name: str) -> None:
    report = ledger.read_report(shipped(name))
    assert {str(doubt["doubt"]) for doubt in report.doubts} == TOLD[name]


def test_online_retail_raises_no_doubt(retail: Path, tmp_path: Path) -> None:
    headers = ("Customer ID", "Invoice", "InvoiceDate", "Quantity", "Price", "StockCode")
    ours = ("customer_id", "order_id", "order_date", "quantity", "unit_price", "product")
    columns = Columns(**dict(zip(ours, headers, strict=True)))
    job = Job(job="retail", source=[str(retail)], columns=columns, currency="GBP", file=tmp_path / "job.yaml")
    assert ledger.build(job, tmp_path / "out").doubts == []
