"""Parents of accounts: every chain ends at the top, and one that goes round in a circle is found."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.ledger.parents import find_cycle, top_parents

from .conftest import HEADER, Desk

NAMES = st.sampled_from("abcdefghij")


def accounts(parents: dict[str, str | None]) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": list(parents), "parent_id": list(parents.values())}, dtype="str")


def tops(parents: dict[str, str | None]) -> dict[str, str]:
    table = top_parents(accounts(parents))
    return dict(zip(table["customer_id"], table["account_id"], strict=True))


def test_a_chain_is_followed_to_the_top():
    assert tops({"shop": "region", "region": "group", "group": None, "single": None}) == {
        "shop": "group",
        "region": "group",
        "group": "group",
        "single": "single",
    }


def test_a_parent_without_a_row_of_its_own_is_the_top():
    assert tops({"shop": "group"}) == {"shop": "group", "group": "group"}


def test_an_account_that_is_its_own_parent_has_none():
    assert tops({"a": "a", "b": "a"}) == {"a": "a", "b": "a"}


def test_accounts_without_a_column_of_parents_stand_alone():
    table = top_parents(pd.DataFrame({"customer_id": ["b", "a"]}))
    assert table.to_dict("list") == {"customer_id": ["a", "b"], "account_id": ["a", "b"]}


def test_a_circle_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^a, b, c: these accounts are each other's parents"):
        top_parents(accounts({"c": "a", "a": "b", "b": "c", "d": "c"}))


def test_a_chain_of_a_hundred_thousand_is_no_deeper_than_others():
    parents = {str(number): str(number + 1) for number in range(100_000)}
    assert set(tops(parents).values()) == {"100000"}


@given(st.dictionaries(NAMES, st.one_of(st.none(), NAMES)))
def test_whatever_the_parents_each_account_has_one_top_or_there_is_a_circle(parents):
    real = {child: parent for child, parent in parents.items() if parent not in (None, child)}
    circle = find_cycle(real)
    if circle:
        assert [real[account] for account in circle] == [*circle[1:], circle[0]]
        with pytest.raises(ValueError, match="each other's parents"):
            top_parents(accounts(parents))
        return
    found = tops(parents)
    assert set(found) == set(parents) | set(real.values())
    for account, top in found.items():
        assert top not in real  # the top has no parent
        assert found[top] == top
        step, steps = account, 0
        while step != top:  # and lies on the account's own chain
            step, steps = real[step], steps + 1
            assert steps <= len(parents)


@pytest.mark.parametrize("level", ["customer", "parent"])
def test_equal_numbers_of_two_shops_stay_two_orders_under_their_parent(desk: Desk, level: str) -> None:
    desk.put("customer_id,parent_id\nshop1,group\nshop2,group\ngroup,\n", "accounts.csv")
    content = HEADER + "shop1,1,2024-01-05,10\nshop2,1,2024-01-05,20\nshop2,2,2024-01-06,5\n"
    desk.build(content, accounts="accounts.csv", level=level)
    table = desk.table("customers").set_index("customer_id")
    orders = table[["orders", "net_sales"]].apply(tuple, axis=1).to_dict()
    wanted = {"shop1": (1, 10.0), "shop2": (2, 25.0)} if level == "customer" else {"group": (3, 35.0)}
    assert orders == wanted
