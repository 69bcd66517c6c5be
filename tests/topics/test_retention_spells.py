"""Does each customer count once, with a spell like any other, and without hindsight?"""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import NotEnoughDataError
from kalib.topics import retention_spells as topic
from tests.depth import examples

AS_OF = dt.date(2026, 6, 30)


def order_days(days: dict[str, list[int]]) -> pd.DataFrame:
    """Orders so many days before the snapshot date."""
    rows = [
        (customer, pd.Timestamp(AS_OF) - pd.Timedelta(days=day), 1) for customer, own in days.items() for day in own
    ]
    return pd.DataFrame(rows, columns=["customer_id", "order_date", "orders"])


def test_by_hand() -> None:
    found = topic.find_spells(
        order_days({"a": [900, 700, 690, 10], "b": [800, 20], "c": [750], "d": [0], "e": [730, 729]}), as_of=AS_OF
    )
    # a: from its first order of the two years; b's spell of 780 days began before them, the open one counts; c has none.
    # e's order 730 days ago lies outside: the days are those from 729 ago to the snapshot date.
    assert found[["customer_id", "number", "days", "returned"]].values.tolist() == [
        ["a", 2, 10, True],
        ["b", 2, 20, False],
        ["d", 1, 0, False],
        ["e", 2, 729, False],
    ]


def test_days_without_an_order_and_days_to_come_are_not_looked_at() -> None:
    table = order_days({"a": [100, 50, 20, -5]}).assign(orders=[1, 0, 1, 1])
    assert topic.find_spells(table, as_of=AS_OF)["days"].tolist() == [80]
    late = topic.find_spells(table, as_of=AS_OF - dt.timedelta(days=30))
    assert late[["days", "returned"]].values.tolist() == [[70, False]]


def test_nobody_ordered_lately() -> None:
    with pytest.raises(NotEnoughDataError, match="retention_no_orders"):
        topic.find_spells(order_days({"a": [900]}), as_of=AS_OF)


def test_after_each_order_a_customer_counts_once() -> None:
    table = order_days({"a": [90, 60, 50], "b": [30], "c": [99, 9]})
    found = topic.find_spells_after(table, as_of=AS_OF, numbers=(1, 2))
    assert found[["customer_id", "number", "days", "returned"]].values.tolist() == [
        ["a", 1, 30, True],
        ["a", 2, 10, True],
        ["b", 1, 30, False],
        ["c", 1, 90, True],
        ["c", 2, 9, False],
    ]
    assert not found.duplicated(["customer_id", "number"]).any()
    left = topic.find_spells_after(table, as_of=AS_OF, numbers=(1, 2), known_from=pd.Series({"a": False, "b": True}))
    assert left["customer_id"].tolist() == ["b"]


def test_a_long_spell_is_not_picked_more_often_than_a_short_one() -> None:
    """Gaps of 1 and of 99 days in turn: of ordinary spells half are short; across a date 99 in 100 would be long."""
    rng = np.random.default_rng(3)
    days = {}
    for customer in range(2000):
        at, own = 1400.0 + rng.uniform(0, 200), []
        while at > 0:
            own.append(int(at))
            at -= 1 if rng.random() < 0.5 else 99
        days[f"c{customer:04}"] = sorted(set(own), reverse=True)
    found = topic.find_spells(order_days(days), as_of=AS_OF)
    assert 0.47 <= (found["days"] <= 2).mean() <= 0.53


def test_curves_by_group() -> None:
    table = pd.DataFrame({"days": [1, 2, 3, 4], "returned": True})
    curves = topic.build_curves(table, pd.Series([1, 1, 2, 2]), least=2)
    summary = topic.summarise_curves(curves, marks=(2, 30))
    assert summary[["group", "customers", "returned", "median_days"]].values.tolist() == [[1, 2, 2, 1], [2, 2, 2, 3]]
    assert summary["back_2_share"].tolist() == [1, 0]
    assert topic.build_curves(table, pd.Series([1, 1, 2, 2]), least=3).empty
    told = topic.describe_groups(summary, marks=(2, 30))
    assert (told["group_mark"], told["first_share"], told["last_share"], told["finding"]) == (2, 1.0, 0.0, "finding")
    alone = topic.describe_groups(summary.head(1), marks=(2, 30))
    assert alone["finding"] == "finding_one"


@pytest.mark.parametrize(
    ("days", "back", "mark"),
    [
        ({"a": [700, 690], "b": [600, 590], "c": [500]}, "half", 365),
        ({"a": [700, 690], "b": [600], "c": [500]}, "few", 365),
        ({"a": [700], "b": [600]}, "none", 365),
        ({"a": [10, 5], "b": [8]}, "short", 0),
        ({"a": [100, 5], "b": [98]}, "few", 90),
    ],
)
def test_which_sentence_says_it(days: dict[str, list[int]], back: str, mark: int) -> None:
    curve = topic.build_curves(topic.find_spells(order_days(days), as_of=AS_OF))
    facts = topic.describe_spells(topic.summarise_curves(curve))
    assert (facts["back"], facts["mark_days"]) == (back, mark)
    assert math.isnan(facts["mark_share"]) == (mark == 0)


@examples(15, 120)
@given(
    st.lists(st.lists(st.integers(0, 1000), min_size=1, max_size=8, unique=True), min_size=1, max_size=12),
    st.integers(1, 400),
    st.randoms(use_true_random=False),
)
def test_invariants(gaps: list[list[int]], later: int, random: object) -> None:
    table = order_days({f"c{at:02}": own for at, own in enumerate(gaps)})
    before = table.copy(deep=True)
    earlier = AS_OF - dt.timedelta(days=later)
    shuffled = table.sample(frac=1, random_state=random.randint(0, 999))
    for when in (AS_OF, earlier):
        try:
            found = topic.find_spells(table, as_of=when)
        except NotEnoughDataError:
            continue
        pd.testing.assert_frame_equal(found, topic.find_spells(shuffled, as_of=when))
        known = table[table["order_date"] <= pd.Timestamp(when)]  # nothing from the future
        pd.testing.assert_frame_equal(found, topic.find_spells(known, as_of=when))
        assert found["customer_id"].is_unique
        assert (found["days"] >= 0).all()
        assert (found.loc[found["returned"], "days"] > 0).all()
    pd.testing.assert_frame_equal(table, before)
