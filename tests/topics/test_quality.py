"""Does the quality page stand where findings move no money, or where there is none?"""

from __future__ import annotations

import pandas as pd
import pytest

from kalib.figures.quality import draw_history, draw_treatments
from kalib.topics.quality import compare_treatments, describe_quality, list_findings, summarise_history
from kalib.topics.scorecard import unbought_share
from kalib.words import Words


def findings(*rows: tuple[str, str, int, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["rule", "action", "rows", "amount"])
    return table.astype({"rule": "str", "action": "str", "rows": "int64", "amount": "float64"})


@pytest.mark.parametrize(
    "quality",
    [
        findings(),
        findings(("encoding_found", "accepted", 400, 0.0)),
        findings(("total_row", "set_aside", 1, 0.0), ("duplicate_kept", "accepted", 2, 0.0)),
    ],
    ids=["no rule", "a rule without money", "rows without money"],
)
def test_findings_that_move_no_money_are_no_treatments(quality: pd.DataFrame) -> None:
    table = compare_treatments(quality, sales_used=100.0)
    assert table.empty
    assert list(table)[-3:] == ["difference", "net_sales_otherwise", "difference_share"]


def test_each_treatment_counts_by_what_it_moved() -> None:
    quality = findings(
        ("total_row", "set_aside", 1, 40.0),
        ("return", "accepted", 2, -50.0),
        ("duplicate_kept", "accepted", 3, 30.0),
        ("number_repaired", "repaired", 9, 900.0),
    )
    table = compare_treatments(quality, sales_used=100.0).set_index("rule")
    assert table["difference"].to_dict() == {"return": 50.0, "total_row": 40.0, "duplicate_kept": -30.0}
    assert table["net_sales_otherwise"].to_dict() == {"return": 150.0, "total_row": 140.0, "duplicate_kept": 70.0}


def test_the_page_stands_without_a_finding_and_without_money() -> None:
    months = pd.DataFrame(
        {"customer_id": ["a"], "month": pd.to_datetime(["2025-11-01"]), "orders": [0], "net_sales": [0.0]}
    )
    history = summarise_history(months, as_of=pd.Timestamp("2025-12-31"))
    facts = describe_quality(findings(), history, rows_read=1, rows_used=1, sales_used=0.0, customers=1)
    assert (facts["rows_set_aside"], facts["money_set_aside"], facts["biggest_rule"]) == (0, 0.0, None)
    assert list_findings([], [], findings()).empty
    draw_history(history, words=Words("en"))


def test_a_treatment_is_drawn_where_nothing_is_sold() -> None:
    treatments = compare_treatments(findings(("total_row", "set_aside", 1, 40.0)), sales_used=0.0)
    draw_treatments(treatments, words=Words("en"))


def test_a_mix_in_which_nothing_was_bought_leaves_no_gap() -> None:
    mix = pd.DataFrame({"customer_id": ["a"], "category": ["x"], "net_sales": [-5.0]})
    assert unbought_share(mix).empty
