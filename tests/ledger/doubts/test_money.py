"""What is one of the money: currencies that nobody mapped, and units in a header, by hand."""

from __future__ import annotations

import pytest

from ..conftest import COLUMNS, Desk
from .asking import ask, gives


@pytest.mark.parametrize("header", ["Document Currency", "结算币种", "Währung", "column 7"])
def test_currencies_that_are_added_up(desk: Desk, header: str) -> None:
    content = f"customer,order,date,amount,{header}\nann,1,2024-01-05,10,EUR\nann,2,2024-01-06,30,EUR\nbob,3,2024-01-07,500,JPY\n"
    doubt = ask(desk, content)["currency_unmapped"]
    assert (doubt.values, doubt.count, doubt.money) == (("JPY",), 1, 500.0)
    assert gives(doubt) == {"rates": (40.0, 2, 1), "as_is": (540.0, 3, 2)}
    assert doubt.likely.lines[:2] == (f'columns.currency: "{header}"', "currency: EUR")


def test_one_currency_is_that_of_the_job(desk: Desk) -> None:
    content = "customer,order,date,amount,Waers\nann,1,2024-01-05,10,USD\nbob,2,2024-01-06,30,USD\n"
    assert ask(desk, content, currency="USD") == {}
    doubt = ask(desk, content, currency="EUR")["currency_unmapped"]
    assert doubt.likely.lines == ("currency: USD",)


@pytest.mark.parametrize(
    ("header", "line", "net"),
    [("金额(万元)", "read.unit: 10000", 25_000.0), ("kEUR", "read.unit: 1000", 2500.0), ("amount in cents", "read.unit: 0.01", 0.03)],
)  # fmt: skip
def test_units_of_a_header(desk: Desk, header: str, line: str, net: float) -> None:
    content = f"customer,order,date,{header}\nann,1,2024-01-05,2.5\n"
    columns = COLUMNS | {"amount": header}
    doubt = ask(desk, content, columns=columns)["unit_in_header"]
    assert (doubt.likely.lines, doubt.likely.net_sales) == ((line,), pytest.approx(net, abs=0.006))
    assert "unit_in_header" not in ask(desk, columns=columns, read={"unit": 1})
