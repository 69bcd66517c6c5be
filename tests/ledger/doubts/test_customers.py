"""Who is the customer: totals, nobody and the wrong column, with what each reading gives worked out by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from kalib.ledger.doubts.customers import Names, find_subtotals

from ..conftest import COLUMNS, HEADER, Desk
from .asking import ask, gives, openly


def names(**money: tuple[float, int]) -> Names:
    """Return customers with their money and how many of their two rows lack an order."""
    rows = [(name.replace("_", " "), 2, amount, lacking) for name, (amount, lacking) in money.items()]
    return Names(pd.DataFrame(rows, columns=["customer_id", "rows", "money", "lacking"]))


def test_a_total_that_adds_up_is_no_customer() -> None:
    assert find_subtotals(names(ann=(10, 0), bob=(5, 0), Total_ann=(10, 2)))[0] == ("Total ann",)
    both, rest = find_subtotals(names(ann=(10, 0), bob=(5, 0), Total_north=(12, 2), Total_south=(3, 2)))
    assert (set(both), len(rest)) == ({"Total north", "Total south"}, 0)  # 12 + 3 is all there is


def test_a_company_called_total_is_a_customer() -> None:
    found, rest = find_subtotals(names(ann=(10, 0), bob=(5, 0), Total_Energies=(15, 0)))
    assert (found, len(rest)) == ((), 0)


def test_words_that_stand_for_nobody() -> None:
    assert names(NULL=(1, 0), nan=(1, 0), Nandos=(1, 0), ann=(1, 0)).blank_words() == ("NULL", "nan")


@pytest.mark.parametrize("name", ["Walk-in", "散客", "Laufkundschaft", "Cliente mostrador", "비회원", "一般客"])
def test_walk_in_customers(desk: Desk, name: str) -> None:
    content = HEADER + f"ann,1,2024-01-05,60\n{name},2,2024-01-06,30\nbob,3,2024-01-07,10\n"
    doubt = ask(desk, content)["walk_in"]
    assert (doubt.values, doubt.count, doubt.share) == ((name,), 1, pytest.approx(0.3))
    assert gives(doubt) == {"left_out": (70.0, 2, 2), "as_is": (100.0, 3, 3)}
    assert doubt.likely.lines == (f'leave_out.customers: ["{name}"]',)
    assert "walk_in" not in ask(desk, leave_out={"customers": [name]})


def test_a_column_with_one_value_beside_one_with_the_customers(desk: Desk) -> None:
    lines = [f"ACME,{n},2024-01-0{n + 1},10,k{n % 3}\n" for n in range(6)]
    doubt = ask(desk, "customer,order,date,amount,Debitor\n" + "".join(lines))["customer_unclear"]
    assert gives(doubt) == {"column": (60.0, 6, 3), "as_is": (60.0, 6, 1)}
    assert doubt.likely.lines == ('columns.customer_id: "Debitor"',)
    columns = COLUMNS | {"customer_id": "Debitor"}
    assert openly(ask(desk, columns=columns)) == set()
