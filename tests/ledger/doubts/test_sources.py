"""Is a file among the others one of returns or of a plan? By its name and by what stands in it, worked out by hand."""

from __future__ import annotations

import pytest

from ..conftest import HEADER, Desk
from .asking import ask, gives, openly

SALES = HEADER + "".join(f"c{n},{n},2024-01-0{n},100\n" for n in range(1, 6))  # 500
BACK = HEADER + "".join(f"c{n},{n},2024-01-1{n},100\n" for n in range(1, 4))  # three of these orders, days later


def put(desk: Desk, name: str, content: str) -> list[str]:
    desk.put(SALES, "sales.csv")
    desk.put(content, name)
    return ["sales.csv", name]


@pytest.mark.parametrize("name", ["returns.csv", "退货.csv", "Retouren 2024.csv", "february.csv"])
def test_a_file_of_returns(desk: Desk, name: str) -> None:
    doubt = ask(desk, source=put(desk, name, BACK))["source_unclear"]
    assert (doubt.values, doubt.count, doubt.money) == ((name,), 3, 300.0)
    assert gives(doubt) == {"returns": (200.0, 5, 5), "left_out": (500.0, 5, 5), "as_is": (800.0, 5, 5)}
    assert doubt.likely.lines == (f'read.return_sources: ["{name}"]',)
    assert openly(ask(desk, source=["sales.csv", name], read={"return_sources": [name]})) == set()


@pytest.mark.parametrize("name", ["Budget 2025.csv", "2025计划.csv", "Orçamento.csv"])
def test_a_file_of_a_plan(desk: Desk, name: str) -> None:
    doubt = ask(desk, source=put(desk, name, HEADER + "c9,900,2024-02-01,50\n"))["source_unclear"]
    assert gives(doubt) == {"left_out": (500.0, 5, 5), "as_is": (550.0, 6, 6)}


def test_files_of_the_same_are_not_asked_about(desk: Desk) -> None:
    assert ask(desk, source=put(desk, "february.csv", HEADER + "c1,9,2024-02-01,50\nc2,10,2024-02-02,5\n")) == {}
