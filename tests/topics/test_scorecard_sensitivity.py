"""Is the smallest change of a weight really the smallest? Held to trying them one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kalib.topics import scorecard_sensitivity as topic
from kalib.topics.scorecard import Sheet, Use, score_accounts
from kalib.topics.scorecard_rule import apply_rule

CRITERIA = ("purchasing_power", "loyalty", "profit", "risk")
WEIGHTS = np.array([0.4, 0.3, 0.2, 0.1])
RULES = [
    {"score": 0.55},
    {"top": 8},
    {"all": [{"value_share": 0.7}, {"score": 0.5}]},
    {"any": [{"top": 4}, {"all": [{"score": 0.6}, {"value_share": 0.5}]}]},
]


def make_sheet(seed: int, *, rows: int = 30, missing: float = 0.2, steps: int = 20) -> Sheet:
    """Make criteria in steps, so that there are ties, some of them missing."""
    random = np.random.default_rng(seed)
    scores = random.integers(0, steps + 1, (rows, 4)) / steps
    scores[random.random((rows, 4)) < missing] = np.nan
    scores[np.isnan(scores).all(axis=1), 0] = 0.5
    ids = np.array([f"a{i:02}" for i in range(rows)], dtype=object)
    uses = tuple(Use(name, name, True) for name in CRITERIA)
    values = pd.DataFrame({"net_sales_365_days": random.integers(1, 50, rows).astype(float)})
    return Sheet(ids, values, uses, CRITERIA, scores, scores, "rank")


def answers(sheet: Sheet, rule: dict, at: int, change: float, least_known: float = 0.45) -> np.ndarray:
    scores = score_accounts(sheet.criterion_scores, topic.move_weight(WEIGHTS, at, change))
    return apply_rule(rule, scores, sheet.value, least_known=least_known)


# With .6 accounts that know criteria weighing .5 all pass what must be known at one and the same change of a weight.
@pytest.mark.parametrize(("least_known", "missing"), [(0.45, 0.2), (0.6, 0.35)])
@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_the_smallest_change_is_the_smallest(rule: dict, seed: int, least_known: float, missing: float) -> None:
    sheet = make_sheet(seed, missing=missing)
    hold_to_a_grid(sheet, rule, least_known)


def hold_to_a_grid(sheet: Sheet, rule: dict, least_known: float) -> None:
    """Try changes of every weight one by one: what is reported flips there and, short of it, nothing does."""
    now = answers(sheet, rule, 0, 0.0, least_known)
    table = topic.find_smallest_changes(sheet, WEIGHTS, rule, least_known=least_known)
    assert table["customer_id"].tolist() == list(sheet.accounts)
    limits = [1 / weight - 1 for weight in WEIGHTS]
    size = table["smallest_change"].abs().to_numpy()
    # Just beyond it the account has changed sides.
    for one, row in enumerate(table.itertuples(index=False)):
        if pd.isna(row.smallest_change):
            continue
        at = CRITERIA.index(row.smallest_change_criterion)
        outward = [np.sign(row.smallest_change)] if row.smallest_change else [1.0, -1.0]
        beyond = [np.clip(row.smallest_change + way * 1e-6, -1, limits[at]) for way in outward]
        assert any(answers(sheet, rule, at, change, least_known)[one] != now[one] for change in beyond), row
        if abs(row.smallest_change) > 1e-6:
            before = row.smallest_change - outward[0] * 1e-6
            assert answers(sheet, rule, at, before, least_known)[one] == now[one], row
    # No change of any weight short of it does so, tried on a fine grid.
    for at, limit in enumerate(limits):
        # The very ends, where one weight counts nothing or everything, can be touched but not passed.
        for change in np.concatenate([np.linspace(-1, 0, 80)[1:], np.linspace(0, limit, 160)[:-1]]):
            moved = answers(sheet, rule, at, change, least_known) != now
            short = moved & (np.isnan(size) | (abs(change) < size - 1e-6))
            # A point at which an account just touches the border and comes back is no change of sides.
            for one in np.flatnonzero(short):
                around = [
                    answers(sheet, rule, at, np.clip(change + d, -1, limit), least_known)[one] for d in (-1e-7, 1e-7)
                ]
                assert now[one] in around, (sheet.accounts[one], at, change)


@pytest.mark.parametrize("seed", range(8))
def test_no_change_is_reported_that_moves_nobody(seed: int) -> None:
    hold_to_a_grid(make_sheet(seed, rows=25, missing=0.3, steps=7), {"top": 6}, 0.6)


def test_accounts_that_become_known_at_the_same_point_do_not_pass_each_other_there() -> None:
    # Both know .5 of the weights and pass .6 at the same change; b has the lower score on either side of it.
    gone = np.nan
    scores = np.array([[0.9, gone, gone, 0.9], [0.5, gone, gone, 0.5], [0.8, 0.8, 0.8, 0.8], [0.1, 0.1, 0.1, 0.1]])
    rows = pd.DataFrame({"net_sales_365_days": np.ones(4)})
    uses = tuple(Use(name, name, True) for name in CRITERIA)
    sheet = Sheet(np.array(list("abcd"), dtype=object), rows, uses, CRITERIA, scores, scores, "rank")
    table = topic.find_smallest_changes(sheet, WEIGHTS, {"top": 1}, least_known=0.6).set_index("customer_id")
    assert np.isnan(table.loc["b", "smallest_change"])
    # a knows w + (1 - w) / 6 of the weights with w on purchasing power: .6 at w = .52, three tenths more than .4
    assert table.loc["a", "smallest_change"] == pytest.approx(0.3)
    assert table.loc["c", "smallest_change"] == pytest.approx(0.3)  # the place that a takes


def test_by_hand() -> None:
    scores = np.array([[0.9, 0.3], [0.5, 0.5], [0.3, 0.7]])
    sheet = Sheet(
        np.array(["a", "b", "c"], dtype=object),
        pd.DataFrame({"net_sales_365_days": [1.0, 1.0, 1.0]}),
        (Use("x", "loyalty", True), Use("y", "profit", True)),
        ("loyalty", "profit"),
        scores,
        scores,
        "rank",
    )
    weights = np.array([0.5, 0.5])
    table = topic.find_smallest_changes(sheet, weights, {"score": 0.54}).set_index("customer_id")
    # a: 0.3 + 0.6 w reaches .54 at w = 0.4, a fifth less; c: 0.7 - 0.4 w at w = 0.4 too; b stays at .5
    assert table["smallest_change"].fillna(9).tolist() == [-0.2, 9.0, -0.2]
    assert table["smallest_change_criterion"].fillna("none").tolist() == ["loyalty", "none", "loyalty"]
    moved, moves = topic.move_weights(sheet, weights, {"score": 0.54})
    assert moved["weight_moved"].tolist() == [0.625, 0.375, 0.625, 0.375]
    assert moves.to_dict("records") == [
        {"customer_id": "c", "criterion": "loyalty", "weight_moved": 0.375, "list_change": "entered"},
        {"customer_id": "a", "criterion": "loyalty", "weight_moved": 0.375, "list_change": "left"},
        {"customer_id": "c", "criterion": "profit", "weight_moved": 0.625, "list_change": "entered"},
        {"customer_id": "a", "criterion": "profit", "weight_moved": 0.625, "list_change": "left"},
    ]


@pytest.mark.parametrize("at", range(4))
def test_moved_weights_add_up_and_keep_the_proportions_of_the_others(at: int) -> None:
    for change in (-1.0, -0.25, 0.25, 1 / WEIGHTS[at] - 1):
        moved = topic.move_weight(WEIGHTS, at, change)
        assert moved.sum() == pytest.approx(1)
        assert moved[at] == pytest.approx(WEIGHTS[at] * (1 + change))
        others = np.arange(4) != at
        np.testing.assert_allclose(moved[others] * (1 - WEIGHTS[at]), WEIGHTS[others] * (1 - moved[at]), atol=1e-12)


def test_lists_by_other_weights_are_compared() -> None:
    sheet = make_sheet(5, missing=0.0)
    found = {"equal": np.full(4, 0.25), "entropy": np.array([0.7, 0.1, 0.1, 0.1])}
    table, votes = topic.compare_lists(sheet, found["equal"], found, {"top": 5})
    assert table.loc[0, ["entered", "left", "kept_share"]].tolist() == [0, 0, 1.0]
    one, two = (
        set(sheet.accounts[apply_rule({"top": 5}, score_accounts(sheet.criterion_scores, w), sheet.value)])
        for w in found.values()
    )
    assert table.loc[1, "kept_share"] == len(one & two) / len(one | two)
    assert votes.to_dict() == {a: (a in one) + (a in two) for a in sheet.accounts}


def test_a_single_criterion_has_no_other_weight_to_make_room() -> None:
    sheet = make_sheet(1)
    alone = Sheet(
        sheet.accounts,
        sheet.values,
        sheet.uses[:1],
        CRITERIA[:1],
        sheet.measure_scores[:, :1],
        sheet.criterion_scores[:, :1],
        "rank",
    )
    table = topic.find_smallest_changes(alone, np.ones(1), {"score": 0.5})
    assert table["smallest_change"].isna().all()
    assert (topic.move_weights(alone, np.ones(1), {"score": 0.5})[0][["entered", "left"]] == 0).all(axis=None)


def test_where_ranks_count_only_those_near_the_border_are_looked_at() -> None:
    sheet = make_sheet(2, rows=topic.MOST + 40, missing=0.0, steps=10_000)
    table = topic.find_smallest_changes(sheet, WEIGHTS, {"top": 10})
    assert len(table) == topic.MOST
    order = np.argsort(-score_accounts(sheet.criterion_scores, WEIGHTS).score, kind="stable")
    assert set(sheet.accounts[order[:300]]) <= set(table["customer_id"])


def test_the_order_of_scores_under_other_weights_by_hand() -> None:
    # Two criteria: a is best in the first, c in the second, b middling in both.
    scores = np.array([[1.0, 0.0], [0.6, 0.5], [0.0, 1.0]])
    sheet = Sheet(
        np.array(["a", "b", "c"], object),
        pd.DataFrame({"net_sales_365_days": [3.0, 2, 1]}),
        (),
        ("p", "q"),
        scores,
        scores,
        "rank",
    )
    chosen, found = np.array([0.5, 0.5]), {"equal": np.array([0.5, 0.5]), "given": np.array([0.9, 0.1])}
    table, ranks = topic.compare_orders(sheet, chosen, found, first=1)
    assert table["weight_method"].tolist() == ["given", "moved", "moved"]
    assert table["criterion"].fillna("").tolist() == ["", "p", "q"]
    # b leads by .55 against .5 and .5; by given weights a does (.9, .59, .1); by .625 of p too (.625, .5625, .375)
    assert table["first_kept"].tolist() == [0, 0, 0]
    assert ranks["rank_best"].tolist() == [1, 1, 1]
    assert ranks["rank_worst"].tolist() == [3, 2, 3]


def test_one_criterion_has_one_order() -> None:
    sheet = Sheet(
        np.array(["a", "b"], object),
        pd.DataFrame({"net_sales_365_days": [2.0, 1]}),
        (),
        ("p",),
        np.eye(2)[:, :1],
        np.eye(2)[:, :1],
        "rank",
    )
    table, ranks = topic.compare_orders(sheet, np.ones(1), {"equal": np.ones(1)})
    assert table.empty
    assert ranks[["rank_best", "rank_worst"]].values.tolist() == [[1, 1], [2, 2]]
