"""Is the company's own word taken as it is, with nothing dated after the snapshot date known?"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.topics.churn_contracts import (
    CAUSES,
    KNOWN_AS,
    apply_contracts,
    describe_contracts,
    has_contracts,
    leave_out_known,
    list_contracts,
    read_contracts,
    summarise_causes,
)
from kalib.words import Words
from tests.depth import examples

AS_OF = dt.date(2026, 6, 30)

# customer, contract_end, left, left_on, leaving_cause, last order; and what is to be said of it
CASES = [
    ("dated", None, True, "2026-05-01", "Price", "2026-04-30", "said_left"),
    ("date_alone", None, None, "2026-06-30", "竞争对手", "2026-04-30", "said_left"),  # the day itself is known
    ("flag_alone", None, True, None, "moved to the moon", "2026-01-01", "said_left"),
    (
        "later",
        None,
        True,
        "2026-07-15",
        "price",
        "2026-04-30",
        "",
    ),  # that it leaves is not known yet, whatever the flag says
    ("came_back", None, False, "2020-01-01", None, "2026-04-30", ""),
    ("ordered", None, True, "2026-05-01", "price", "2026-06-01", "ordered_since"),
    ("ended", "2026-06-29", None, None, None, "2026-04-30", "contract_ended"),
    ("last_day", "2026-06-30", None, None, None, "2026-04-30", "contract_ends"),  # still in force on its last day
    ("soon", "2026-09-28", None, None, None, "2026-04-30", "contract_ends"),  # the last day of 90
    ("not_soon", "2026-09-29", None, None, None, "2026-04-30", ""),
    ("goes_on", "2026-06-01", None, None, None, "2026-06-05", "ordered_since"),
    ("both", "2026-08-01", True, "2026-06-01", "nothing", "2026-04-30", "said_left"),
    ("plain", None, None, None, None, "2026-04-30", ""),
]
ACCOUNTS = pd.DataFrame(
    {
        "customer_id": [case[0] for case in CASES],
        "contract_end": pd.to_datetime([case[1] for case in CASES]),
        "left": pd.array([case[2] for case in CASES], dtype="boolean"),
        "left_on": pd.to_datetime([case[3] for case in CASES]),
        "leaving_cause": [case[4] for case in CASES],
    }
)
CUSTOMERS = pd.DataFrame(
    {"customer_id": [case[0] for case in CASES], "last_order_date": pd.to_datetime([case[5] for case in CASES])}
)
SILENT = {"code": "silence", "value": 60.0, "typical": 10.0, "effect": 0.8}


@pytest.fixture
def contracts() -> pd.DataFrame:
    return read_contracts(ACCOUNTS, CUSTOMERS, as_of=AS_OF, horizon_days=90)


@pytest.fixture
def churn() -> pd.DataFrame:
    table = CUSTOMERS[["customer_id"]].sort_values("customer_id", ignore_index=True)
    table = table.assign(
        churn_probability=0.25, partial_churn_probability=0.4, net_sales_365_days=100.0, sales_at_risk=25.0
    )
    return table.assign(reasons=[[SILENT] for _ in range(len(table))])


def test_each_case_by_hand(contracts: pd.DataFrame) -> None:
    found = contracts.set_index("customer_id")["status"]
    assert found.to_dict() == {case[0]: case[6] for case in CASES if case[6]}


def test_causes_are_the_trades_nine_or_as_written(contracts: pd.DataFrame) -> None:
    causes = contracts.set_index("customer_id")["leaving_cause"]
    assert causes.loc[["dated", "date_alone", "flag_alone"]].tolist() == ["price", "competition", "moved to the moon"]
    assert causes[contracts.set_index("customer_id")["status"].isin(["contract_ends", "ordered_since"])].isna().all()
    assert len(CAUSES) == 9
    for language in ("en", "zh"):
        words = Words(language)
        assert all(words.code("leaving_cause", code) != code for code in CAUSES)
    assert Words("zh").code("leaving_cause", "moved to the moon") == "moved to the moon"


def test_who_has_left_is_not_forecast(contracts: pd.DataFrame, churn: pd.DataFrame) -> None:
    before = churn.copy(deep=True)
    table = apply_contracts(churn, contracts).set_index("customer_id")
    pd.testing.assert_frame_equal(churn, before)
    known = ["both", "date_alone", "dated", "ended", "flag_alone"]
    assert table.index[table["known_as"].notna()].tolist() == known
    columns = ["churn_probability", "partial_churn_probability", "sales_at_risk"]
    assert table.loc[known, columns].to_numpy().tolist() == [[1.0, 1.0, 100.0]] * 5
    assert table.loc["dated", "reasons"] == [
        {"code": "said_left", "value": 20260501.0, "typical": None, "effect": np.inf}
    ]
    assert table.loc["flag_alone", "reasons"][0]["code"] == "said_left_undated"
    others = table.drop(index=known)
    assert (others["churn_probability"] == 0.25).all()
    assert [reason["code"] for reason in table.loc["soon", "reasons"]] == ["contract_ends", "silence"]
    assert table.loc["plain", "reasons"] == [SILENT]


def test_the_reasons_are_said_with_their_date(contracts: pd.DataFrame, churn: pd.DataFrame) -> None:
    table = apply_contracts(churn, contracts).set_index("customer_id")
    said = {
        (name, language): Words(language)(f"codes.reason.{reason['code']}", **reason)
        for name in ("dated", "ended", "soon", "flag_alone")
        for language in ("en", "zh")
        for reason in table.loc[name, "reasons"][:1]
    }
    assert said["dated", "en"] == "left on 1 May 2026, as the list of accounts says"
    assert said["soon", "en"] == "its contract ends on 28 September 2026"
    assert said["ended", "zh"] == "合同已于2026年6月29日到期"
    assert said["flag_alone", "en"] == "has left, as the list of accounts says"


def test_what_the_sentences_say(contracts: pd.DataFrame, churn: pd.DataFrame) -> None:
    table = apply_contracts(churn[churn["customer_id"] != "flag_alone"], contracts)  # silent for too long to be active
    facts = describe_contracts(table, contracts)
    assert facts == {
        "known_left": 5, "known_active": 4, "known_sales": 400.0, "ends_soon": 2, "ends_sales": 200.0, "ordered_since": 2,
    }  # fmt: skip
    for language in ("en", "zh"):
        for key in ("finding", "said", "ordered_since"):
            assert "{" not in Words(language)(f"leaving.contracts.{key}", **facts, horizon_days=90)
    listed = list_contracts(table, contracts)
    assert len(listed) == 8
    assert listed["customer_id"].is_unique


def test_causes_with_counts_and_sales_by_hand(contracts: pd.DataFrame) -> None:
    """The last year of `dated` is that before 1 May 2026; of `flag_alone`, which has no date, that before its last order."""
    days = pd.DataFrame(
        [("dated", "2026-04-30", 10.0), ("dated", "2025-05-02", 5.0), ("dated", "2025-05-01", 900.0),
         ("flag_alone", "2026-01-01", 40.0), ("ended", "2026-04-30", 7.0), ("both", "2026-04-30", 1.0), ("plain", "2026-04-30", 1e6)],
        columns=["customer_id", "order_date", "net_sales"],
    ).assign(order_date=lambda table: pd.to_datetime(table["order_date"]))  # fmt: skip
    table = summarise_causes(contracts, days)
    assert table[["leaving_cause", "customers", "net_sales_last_year"]].values.tolist() == [
        ["moved to the moon", 1, 40.0],
        ["price", 1, 15.0],
        ["nothing", 1, 1.0],
        ["competition", 1, 0.0],
        ["unknown", 1, 7.0],
    ]
    assert table["customers_share"].tolist() == [0.2] * 5
    assert table.loc[1, "net_sales_share"] == round(15 / 63, 6)


def test_without_such_columns_nothing_is_said(churn: pd.DataFrame) -> None:
    for accounts in (None, ACCOUNTS[["customer_id", "leaving_cause"]]):
        assert not has_contracts(accounts)
        none = read_contracts(accounts, CUSTOMERS, as_of=AS_OF, horizon_days=90)
        assert none.empty
        table = apply_contracts(churn, none)
        assert table["known_as"].isna().all()
        pd.testing.assert_frame_equal(table.drop(columns="known_as"), churn)
        assert summarise_causes(none, pd.DataFrame(columns=["customer_id", "order_date", "net_sales"])).empty
        assert leave_out_known(CUSTOMERS, accounts) is CUSTOMERS


def test_who_was_known_to_have_left_is_not_learnt_from() -> None:
    dates = pd.to_datetime(["2026-03-31", "2026-06-30"])
    rows = CUSTOMERS[CUSTOMERS["last_order_date"] <= dates[0]].assign(as_of=dates[0])
    labelled = pd.concat([rows, CUSTOMERS.assign(as_of=dates[1])], ignore_index=True)
    kept = leave_out_known(labelled, ACCOUNTS)
    gone = set(labelled.loc[labelled.index.difference(kept.index), "customer_id"])
    assert gone == {"dated", "date_alone", "ended", "both"}  # when the flag alone became true, nobody knows
    assert kept.index.is_monotonic_increasing


@examples(10, 80)
@given(st.integers(0, 2**32 - 1))
def test_nothing_after_the_snapshot_date_is_known_but_the_end_of_a_contract(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, day = 20, pd.Timestamp(AS_OF)
    some = {
        name: pd.Series(day + pd.to_timedelta(rng.integers(-200, 200, n), unit="D")).where(rng.random(n) < 0.6)
        for name in ("contract_end", "left_on")
    }
    accounts = pd.DataFrame(
        {"customer_id": [f"c{i}" for i in range(n)], **some, "leaving_cause": rng.choice(["price", None], n)}
    )
    accounts["left"] = pd.array(rng.choice([True, False, None], n), dtype="boolean")
    customers = accounts[["customer_id"]].assign(
        last_order_date=day - pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    )
    told = {"as_of": AS_OF, "horizon_days": 90}
    found = read_contracts(accounts, customers, **told)
    later = accounts["left_on"] > day
    moved = accounts.assign(left_on=accounts["left_on"].mask(later, day + pd.Timedelta(days=999)))
    pd.testing.assert_frame_equal(found, read_contracts(moved, customers, **told))
    shuffled = read_contracts(accounts.sample(frac=1, random_state=1), customers.sample(frac=1, random_state=2), **told)
    pd.testing.assert_frame_equal(found, shuffled)
    known = found[found["status"].isin(KNOWN_AS)]
    assert not (known["status_date"] > day).any()
    assert not (known["last_order_date"] > known["status_date"]).any()
