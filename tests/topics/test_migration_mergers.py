"""Is the one merger of the sample named and no other, at any date, and none where another reason is as good?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from kalib.topics.migration_mergers import find_mergers

ROOT = Path(__file__).resolve().parents[2]
AS_OF = dt.date(2026, 6, 30)
STOP = 180
"""Days before the snapshot date on which ``gone`` ordered last."""


def weekly(name: str, money: float, *, later: float | None = None, last: int = 0) -> pd.DataFrame:
    """Return an order a week for three years, up to ``last`` days ago; from the stop on of another amount."""
    ages = [age for age in range(3, 3 * 365, 7) if age >= last]
    sales = [money if later is None or age >= STOP else later for age in ages]
    dates = [pd.Timestamp(AS_OF) - pd.Timedelta(days=age) for age in ages]
    return pd.DataFrame({"customer_id": name, "order_date": dates, "net_sales": sales})


def name_takers(others: list[pd.DataFrame], **industries: str) -> list[list[object]]:
    days = pd.concat([weekly("gone", 100, last=STOP), *others])
    names = days["customer_id"].unique()
    accounts = pd.DataFrame({"customer_id": names, "industry": [industries.get(name, "hotel") for name in names]})
    found = find_mergers(days, accounts, pd.Series(["gone"]), as_of=AS_OF)
    return found[["customer_id", "taken_up_by"]].values.tolist()


TAKER, STEADY = weekly("taker", 150, later=250), weekly("steady", 150)


def test_the_one_that_rises_by_as_much_is_named() -> None:
    assert name_takers([TAKER, STEADY]) == [["gone", "taker"]]
    found = find_mergers(
        pd.concat([weekly("gone", 100, last=STOP), TAKER]),
        pd.DataFrame({"customer_id": ["gone", "taker"], "top_parent_id": ["group", "group"]}),
        pd.Series(["gone"]), as_of=AS_OF,
    )  # fmt: skip
    assert found[["taken_up_by"]].values.tolist() == [["taker"]]
    assert found["taken_up_sales"].tolist() == pytest.approx(found["taken_up_of"].tolist(), rel=0.15)  # 25 and 27 weeks


@pytest.mark.parametrize(
    "others",
    [
        [STEADY],
        [TAKER, TAKER.assign(customer_id="second")],  # two rise by as much: the trade may
        [weekly("taker", 150, later=400)],  # by far more
        [weekly("taker", 1000, later=1100)],  # everyday change of a large account
        [weekly("taker", 150, later=250).iloc[::3]],  # too seldom to tell a rise from chance
    ],
)
def test_where_another_reason_is_as_good_none_is_named(others: list[pd.DataFrame]) -> None:
    assert name_takers(others) == []


def test_who_is_of_another_trade_or_rose_before_is_not_named() -> None:
    assert name_takers([TAKER], taker="school") == []
    days = TAKER.copy()
    age = (pd.Timestamp(AS_OF) - days["order_date"]).dt.days
    days["net_sales"] = days["net_sales"].mask(age.between(STOP, STOP + 180), 250.0)
    assert name_takers([days]) == []
    lasts = pd.concat([weekly("gone", 100, last=STOP), TAKER])
    assert find_mergers(lasts, None, pd.Series(["gone"]), as_of=AS_OF).empty
    assert find_mergers(lasts, pd.DataFrame({"customer_id": ["gone"]}), pd.Series(["gone"]), as_of=AS_OF).empty


@pytest.mark.parametrize(
    "day", ["2024-12-31", "2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31", "2026-03-31", "2026-06-30"]
)
def test_the_merger_of_the_sample(shipped: Callable[[str], Path], day: str) -> None:
    folder = shipped("wholesale") / "tables"
    days, accounts = (pd.read_parquet(folder / f"{name}.parquet") for name in ("order_days", "accounts"))
    truth = pd.read_parquet(ROOT / "tests" / "reference" / "wholesale_truth.parquet")
    merged = truth[truth["event"] == "merger"].sort_values("alive_at_end")["customer_id"].tolist()
    date = pd.Timestamp(day)
    days = days[pd.to_datetime(days["order_date"]) <= date]
    silence = (date - pd.to_datetime(days.groupby("customer_id")["order_date"].max())).dt.days
    stopped = silence.index[silence > 91].to_series()
    found = find_mergers(days, accounts, stopped, as_of=date.date())
    assert found[["customer_id", "taken_up_by"]].values.tolist() == ([merged] if day > "2026" else [])
