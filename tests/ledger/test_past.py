"""Are snapshots that were kept those that would be made?"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from kalib import ledger
from kalib.ledger import features, past
from tests.ledger.conftest import Desk

DATES = [dt.date(2024, 3, 31), dt.date(2024, 1, 31), dt.date(2023, 12, 31)]
ORDERS = """customer,order,date,amount
A,1,2024-01-05,10.00
A,2,2024-03-05,20.00
B,3,2024-02-01,5.50
"""


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.build(ORDERS, as_of=DATES[0])
    return desk


def kept(desk: Desk) -> list[Path]:
    return sorted((desk.out / "snapshots").glob("*.feather"))


def test_a_date_is_made_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with past.open_ledger(desk.out) as tables:
        found = features.snapshots(tables["days"], DATES, cancelled=tables["cancelled"])
        made = found.order_by("as_of", "customer_id").to_pandas()
    ledger.snapshots(desk.out, DATES[:1])
    pd.testing.assert_frame_equal(ledger.snapshots(desk.out, DATES), made)
    monkeypatch.setattr(features, "snapshots", None)
    pd.testing.assert_frame_equal(ledger.snapshots(desk.out, DATES), made)
    assert ledger.snapshots(desk.out, DATES[1:2])["customer_id"].tolist() == ["A"]
    assert ledger.snapshots(desk.out, DATES[2:]).empty  # nobody was known


def test_another_ledger_has_its_own(desk: Desk) -> None:
    assert ledger.snapshots(desk.out, DATES[:1])["net_sales"].tolist() == [30, 5.5]
    desk.build(ORDERS.replace("20.00", "40.00"), as_of=DATES[0])
    assert ledger.snapshots(desk.out, DATES[:1])["net_sales"].tolist() == [50, 5.5]
    assert len(kept(desk)) == 1


def test_a_damaged_one_is_made_again(desk: Desk) -> None:
    made = ledger.snapshots(desk.out, DATES[:1])
    file = kept(desk)[0]
    file.write_bytes(file.read_bytes()[:300])
    pd.testing.assert_frame_equal(ledger.snapshots(desk.out, DATES[:1]), made)
    assert kept(desk) == [file]
    pd.testing.assert_frame_equal(pd.read_feather(file), made)
