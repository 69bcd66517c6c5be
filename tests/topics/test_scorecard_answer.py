"""Does the page say what the list holds?"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from kalib.topics import scorecard_answer as topic
from kalib.topics.scorecard_rule import apply_overrides
from kalib.words import Words
from tests.topics.test_scorecard import AS_OF
from tests.topics.test_scorecard_rule import listed, word


def make_scorecard(*, words: list[dict] | None = None, weightings: list[int] | None = None) -> tuple:
    """Make the list of c0 to c3 and a prospect; c3 is key by the rule."""
    table, said = apply_overrides(listed(), words or [], as_of=AS_OF)
    ids = ["c0", "c1", "c2", "c3"]
    frequencies = pd.DataFrame(
        {
            "customer_id": ids,
            "selection_frequency": [0.0, 0.1, 0.6, 0.85],
            "selection_class": ["unlikely", "borderline", "likely", "likely"],
        }
    )
    smallest = pd.DataFrame(
        {"customer_id": ids, "smallest_change": [np.nan, 0.9, -0.2, 0.4], "smallest_change_criterion": "loyalty"}
    )
    joined = topic.join_evidence(
        table,
        frequencies=frequencies,
        earlier=pd.Series([0, 0, 2, 4], index=ids, name="earlier_lists"),
        weightings=pd.Series(weightings or [0, 0, 1, 2], index=ids, name="weightings"),
        ranks=pd.DataFrame({"customer_id": ids, "rank_best": [4, 3, 1, 1], "rank_worst": [4, 3, 2, 2]}),
        smallest=smallest,
    )
    return joined, said


def test_facts_by_hand() -> None:
    scorecard, said = make_scorecard(words=[word("c0", True, "2026-05-01"), word("c3", True, "2026-05-01")])
    facts = topic.describe_list(scorecard, overrides=said)
    assert facts["key_accounts"] == 2
    assert facts["key_net_sales"] == 500.0  # 100 and 400 of 1000
    assert facts["key_net_sales_share"] == 0.5
    assert (facts["by_rule"], facts["certain"], facts["close"], facts["missed"]) == (1, 0, 1, 1)
    assert (facts["always"], facts["sometimes"]) == (1, 1)
    assert (facts["added"], facts["removed"]) == (1, 0)  # c3 was on the list anyway
    assert (facts["with_order"], facts["prospects"], facts["scored"]) == (4, 1, 4)
    assert facts["no_order"] == 0
    assert facts["least_score"] == 1.0
    assert facts["answer"] == "answer"


def test_no_order_that_stands_is_counted_apart() -> None:
    scorecard, _ = make_scorecard()
    refunded = scorecard.assign(account_class=scorecard["account_class"].replace("prospect", "no_order"))
    facts = topic.describe_list(refunded)
    assert (facts["with_order"], facts["no_order"], facts["prospects"]) == (4, 1, 0)


def test_one_account_is_spoken_of_as_one() -> None:
    facts = {"key_net_sales_share": 0.5, "certain": 1, "close": 0}
    one = Words("en")("scorecard.answer", key_accounts=1, **facts)
    assert one.startswith("**1 account is a key account**; it brings 50% of the year's net sales.")
    two = Words("en")("scorecard.answer", key_accounts=2, **facts)
    assert two.startswith("**2 accounts are key accounts**; together they bring 50% of")
    assert "合计" not in Words("zh")("scorecard.answer", key_accounts=1, **facts)


def test_an_empty_list_has_facts_too() -> None:
    scorecard, _ = make_scorecard(weightings=[0, 0, 0, 0])
    facts = topic.describe_list(scorecard.assign(is_key_account=False, key_by_rule=False, net_sales_365_days=-1.0))
    assert (facts["key_accounts"], facts["always"], facts["sometimes"]) == (0, 0, 0)
    assert facts["answer"] == "answer_none"
    assert topic.describe_list(scorecard.assign(net_sales_365_days=-1.0))["answer"] == "answer_no_share"
    assert math.isnan(facts["key_net_sales_share"])
    assert math.isnan(facts["least_score"])


def test_lists() -> None:
    scorecard, _ = make_scorecard(words=[word("p", True, "2026-05-01")])
    assert topic.list_key_accounts(scorecard)["customer_id"].tolist() == ["c3", "p"]
    assert topic.list_key_accounts(scorecard)["lifted"].tolist() == [["purchasing_power", "loyalty"], []]
    small = scorecard.assign(
        net_sales_365_days=scorecard["customer_id"].map({"c1": 50.0, "c2": 90.0, "c3": 60.0, "p": 30.0}).fillna(0.0)
    )
    assert topic.list_largest_off(small)["customer_id"].tolist() == [
        "c2"
    ]  # c1 is larger than p alone, who was put on by name
    assert topic.list_largest_off(scorecard.assign(is_key_account=False)).empty
    assert topic.list_best_off(scorecard, rows=2)["customer_id"].tolist() == ["c2", "c1"]
    assert topic.list_close_calls(scorecard, on_list=True)["customer_id"].tolist() == ["c3"]
    assert topic.list_close_calls(scorecard, on_list=False)["customer_id"].tolist() == ["c2", "c1"]
    assert topic.list_weight_dependent(scorecard)["customer_id"].tolist() == ["c2"]
    assert topic.list_easily_moved(scorecard)["customer_id"].tolist() == ["c2", "c3", "c1"]
    counts = topic.count_classes(scorecard).set_index("selection_class")
    assert counts.loc["likely"].tolist() == [1, 1]
    assert counts.to_numpy().sum() == 4


def test_moves_are_named() -> None:
    moved = pd.DataFrame(
        {
            "criterion": ["profit", "profit", "risk"],
            "weight": 0.5,
            "weight_moved": [0.6, 0.4, 0.6],
            "entered": [5, 0, 0],
            "left": [0, 0, 1],
        }
    )
    moves = pd.DataFrame(
        [(f"c{i}", "profit", 0.6, "entered") for i in range(5)] + [("c9", "risk", 0.6, "left")],
        columns=["customer_id", "criterion", "weight_moved", "list_change"],
    )
    table = topic.name_moves(moved, moves, pd.Series({"c0": "Ada", "c9": "Zed"}))
    assert table["names_entered"].fillna("-").tolist() == ["Ada, c1, c2 +2", "-"]
    assert table["names_left"].fillna("-").tolist() == ["-", "Zed"]


def test_points_add_up_to_the_score() -> None:
    scorecard, _ = make_scorecard()
    points = topic.tabulate_contributions(scorecard.dropna(subset=["key_account_score"]))
    parts = [name for name in points if name.endswith("_points") and name != "score_points"]
    assert parts == ["purchasing_power_points", "loyalty_points"]  # what nobody has is not shown
    np.testing.assert_allclose(points[parts].sum(axis=1), points["score_points"])


def test_a_rule_is_spelt_out_line_by_line() -> None:
    rule = {"any": [{"top": 5}, {"all": [{"score": 0.7}, {"value_share": 0.5}]}]}
    assert [(line["code"], line["figure"]) for line in topic.spell_rule(rule)] == [
        ("any", 2),
        ("top", 5),
        ("inner_all", 2),
        ("score", 0.7),
        ("value_share", 0.5),
    ]


def test_figures_that_say_nothing_are_not_shown() -> None:
    facts = {"key_accounts": 3, "then": 2, "prospects": 0}
    names = [name.removeprefix("scorecard.kpis.") for name in topic.choose_kpis(facts)]
    assert names == ["key", "sales", "certain", "close", "kept", "weights"]
    assert "scorecard.kpis.kept" not in topic.choose_kpis(facts | {"then": 0})
    assert topic.choose_kpis(facts | {"key_accounts": 0}) == ["scorecard.kpis.largest", "scorecard.kpis.scored"]


def test_the_weakest_criterion_is_named() -> None:
    cells = pd.DataFrame(
        [(0, "profit", 0.2), (0, "risk", 0.9), (1, "profit", 0.4), (1, "risk", np.nan)],
        columns=["place", "criterion", "criterion_score"],
    )
    assert topic.describe_criteria(cells) == {"shown": 2, "weakest": "profit", "weakest_points": 30}
    assert topic.describe_criteria(cells.iloc[:0]) == {"shown": 0, "weakest": None, "weakest_points": None}


def test_a_review_stands_beside_the_classes_of_today() -> None:
    scorecard, _ = make_scorecard()
    review = pd.DataFrame(
        {
            "selection_class": ["certain", "likely"],
            "on_list_then": [8, 4],
            "stayed": [6, 1],
            "stayed_share": [0.75, 0.25],
        }
    )
    facts = topic.describe_list(scorecard, review=review)
    assert (facts["then"], facts["stayed"]) == (12, 7)
    assert (facts["certain_stayed"], facts["close_then"], facts["close_stayed"]) == (6, 4, 1)
    table = topic.count_classes(scorecard, review=review)
    assert table["stayed"].fillna(-1).tolist() == [6, 1, -1, -1]
