"""Do the weights reproduce published and hand-worked ones, and are contradictions refused?"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kalib.errors import NotEnoughDataError, SettingsError
from kalib.settings import read_job
from kalib.topics import scorecard_weights as topic
from kalib.topics.scorecard import Use, build_sheet, gather_measures
from kalib.topics.scorecard_sensitivity import compare_orders
from tests.topics.test_scorecard import AS_OF, LOYAL, SIZE, make_customers

DRINKS = ["coffee", "wine", "tea", "beer", "sodas", "milk", "water"]
JUDGED = [[9, 5, 2, 1, 1, "1/2"], ["1/3", "1/9", "1/9", "1/9", "1/9"], ["1/3", "1/4", "1/3", "1/9"]]
JUDGED += [["1/2", 1, "1/3"], [2, "1/2"], ["1/3"]]
PAIRS = {f"{DRINKS[i]}/{DRINKS[i + 1 + j]}": figure for i, row in enumerate(JUDGED) for j, figure in enumerate(row)}
PRINTED = [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327]


def two_criteria() -> topic.Sheet:
    return build_sheet(gather_measures(make_customers(4), as_of=AS_OF), uses=(SIZE, LOYAL))


def test_the_drinks_of_saaty_2008() -> None:
    weights, ratio = topic.weigh_by_judgement(topic.read_judgements(DRINKS, PAIRS))
    np.testing.assert_allclose(weights, PRINTED, atol=0.00051)  # three digits are printed
    assert round(ratio, 3) == 0.022


def test_the_eigenvector_against_repeated_squaring() -> None:
    matrix = topic.read_judgements(DRINKS, PAIRS)
    power = matrix.copy()
    for _ in range(30):
        power = power @ power
        power /= power.sum()
    other = power.sum(axis=1) / power.sum()
    weights, ratio = topic.weigh_by_judgement(matrix)
    np.testing.assert_allclose(weights, other, rtol=1e-10)
    eigenvalue = float((matrix @ other / other).mean())
    assert ratio == pytest.approx((eigenvalue - 7) / 6 / 1.35)


def test_judgements_that_agree_have_no_inconsistency() -> None:
    wanted = np.array([0.4, 0.3, 0.2, 0.1])
    weights, ratio = topic.weigh_by_judgement(wanted[:, None] / wanted[None, :])
    np.testing.assert_allclose(weights, wanted)
    assert ratio == pytest.approx(0, abs=1e-12)


def test_two_things_cannot_contradict_each_other() -> None:
    assert topic.weigh_by_judgement(np.array([[1.0, 4.0], [0.25, 1.0]]))[1] == 0.0


def test_judgements_in_a_circle_are_refused_unless_the_job_insists() -> None:
    sheet = build_sheet(
        gather_measures(make_customers(5, overdue_amount=[5.0, 3, 0, 1, 2]), as_of=AS_OF),
        uses=(SIZE, LOYAL, topic_use("overdue_share")),
    )
    circle = {"purchasing_power/loyalty": 2, "loyalty/risk": 2, "risk/purchasing_power": 5}
    with pytest.raises(NotEnoughDataError) as refusal:
        topic.choose_weights(sheet, "ahp", judgements=circle)
    assert refusal.value.reason == "scorecard_ahp_inconsistent"
    assert refusal.value.facts["consistency"] > 0.1
    weights, found, facts = topic.choose_weights(sheet, "ahp", judgements=circle, force=True)
    np.testing.assert_allclose(weights, found["ahp"])
    assert facts["consistency"] > 0.1
    equal, _, _ = topic.choose_weights(sheet, "equal", judgements=circle)  # shown beside, not used: no refusal
    np.testing.assert_allclose(equal, 1 / 3)


def test_the_judgement_furthest_off_is_named() -> None:
    worth = np.array([8.0, 4.0, 2.0, 1.0])
    matrix = worth[:, None] / worth[None, :]
    matrix[0, 3], matrix[3, 0] = 1 / 3, 3.0  # all others say eight times the other way
    weights, ratio = topic.weigh_by_judgement(matrix)
    found = topic.find_contradiction(list("abcd"), matrix, weights)
    assert ratio > 0.1
    assert (found["one"], found["other"], found["judged"]) == ("d", "a", 3.0)
    assert found["implied"] < 1


def topic_use(name: str) -> object:
    from kalib.topics.scorecard import choose_measures

    return next(use for use in choose_measures() if use.name == name)


def test_a_pair_that_the_data_needs_is_named() -> None:
    with pytest.raises(NotEnoughDataError) as refusal:
        topic.read_judgements(["profit", "loyalty", "risk"], {"profit/loyalty": 2, "loyalty/risk": 3})
    assert refusal.value.facts == {"one": "profit", "other": "risk"}


def test_entropy_by_hand() -> None:
    scores = np.array([[1.0, 0.5, 0.2, np.nan], [0.0, 0.5, 0.4, 0.3], [1.0, 0.5, 0.4, np.nan]])
    # first: shares 1/2, 0, 1/2, entropy ln 2 over ln 3; third: 1/5, 2/5, 2/5; second is constant, fourth known once
    first = 1 - math.log(2) / math.log(3)
    third = 1 + (0.2 * math.log(0.2) + 2 * 0.4 * math.log(0.4)) / math.log(3)
    np.testing.assert_allclose(
        topic.weigh_by_entropy(scores), [first / (first + third), 0, third / (first + third), 0], rtol=1e-12
    )


def test_entropy_weights_are_made_of_the_figures_whatever_the_scale_of_the_scores() -> None:
    customers = make_customers(4, overdue_amount=[0.0, 100, 0, 0])
    measures = gather_measures(customers, as_of=AS_OF)
    risk = topic_use("overdue_share")
    # Net sales 100 to 400 lie at 0, 1/3, 2/3, 1: shares 1/6, 1/3, 1/2. One account of four is overdue: shares 1/3 each.
    size = 1 + sum(p * math.log(p) for p in (1 / 6, 1 / 3, 1 / 2)) / math.log(4)
    safe = 1 - math.log(3) / math.log(4)
    for normalise in ("rank", "range", "zscore"):
        sheet = build_sheet(measures, uses=(SIZE, risk), normalise=normalise)
        assert sheet.values["net_sales_365_days"].tolist() == [100, 200, 300, 400]
        _, found, _ = topic.choose_weights(sheet)
        np.testing.assert_allclose(found["entropy"], [size / (size + safe), safe / (size + safe)], rtol=1e-9)


def random_sheet(columns: dict[str, tuple[str, np.ndarray]]) -> topic.Sheet:
    """Make a sheet of figures by name: the criterion of each and its values."""
    count = len(next(iter(columns.values()))[1])
    table = pd.DataFrame({"customer_id": [f"{i:04}" for i in range(count)], "net_sales_365_days": 1.0})
    table = table.assign(**{name: values for name, (_, values) in columns.items()})
    return build_sheet(table, uses=tuple(Use(name, criterion, True) for name, (criterion, _) in columns.items()))


def test_what_is_spread_more_unevenly_gets_more_weight() -> None:
    random = np.random.default_rng(3)
    uneven, alike = random.lognormal(5, 1, 800), random.normal(100, 1, 800)
    sheet = random_sheet({"wallet": ("loyalty", uneven), "margin_365_days": ("profit", alike)})
    assert topic.choose_weights(sheet)[1]["entropy"][0] > 0.9


def test_a_second_figure_takes_weight_only_as_far_as_it_evens_out_the_first() -> None:
    random = np.random.default_rng(4)
    one, other, profit = (random.lognormal(5, 1, 800) for _ in range(3))
    alone = {"wallet": ("loyalty", one), "margin_365_days": ("profit", profit)}
    before = topic.choose_weights(random_sheet(alone))[1]["entropy"]
    again = topic.choose_weights(random_sheet(alone | {"orders": ("loyalty", one * 2 + 7)}))[1]["entropy"]
    np.testing.assert_allclose(again, before, rtol=1e-9)  # the same told twice
    sheet = random_sheet(alone | {"orders": ("loyalty", other)})
    after = topic.choose_weights(sheet)[1]["entropy"]
    ways = [(v - v.min()) / (v.max() - v.min()) for v in (one, other, profit)]
    mean = np.column_stack([(ways[0] + ways[1]) / 2, ways[2]])
    shares = mean / mean.sum(axis=0)
    spread = 1 + np.where(shares > 0, shares * np.log(np.where(shares > 0, shares, 1)), 0).sum(axis=0) / np.log(800)
    np.testing.assert_allclose(after, spread / spread.sum(), rtol=1e-9)


def test_judgements_that_lack_a_pair_are_left_out_of_the_comparison() -> None:
    sheet = build_sheet(
        gather_measures(make_customers(5, overdue_amount=[5.0, 3, 0, 1, 2]), as_of=AS_OF),
        uses=(SIZE, LOYAL, topic_use("overdue_share")),
    )
    half = {"purchasing_power/loyalty": 2, "loyalty/risk": 2}
    weights, found, facts = topic.choose_weights(sheet, "equal", judgements=half)
    np.testing.assert_allclose(weights, 1 / 3)
    assert list(found) == ["equal", "entropy"]
    assert (facts["unjudged"], facts["unjudged_against"]) == ("purchasing_power", "risk")
    assert math.isnan(facts["consistency"])
    with pytest.raises(NotEnoughDataError) as refusal:
        topic.choose_weights(sheet, "ahp", judgements=half)
    assert refusal.value.reason == "scorecard_ahp_incomplete"


@pytest.mark.parametrize("column", [0.0, 0.4])
def test_entropy_of_what_is_the_same_for_all_is_equal_weights(column: float) -> None:
    np.testing.assert_allclose(topic.weigh_by_entropy(np.full((5, 2), column)), [0.5, 0.5])


def test_given_weights_are_scaled_over_what_is_there() -> None:
    weights = topic.weigh_as_given(["purchasing_power", "loyalty"], {"purchasing_power": 3, "loyalty": 1, "profit": 9})
    assert weights.tolist() == [0.75, 0.25]
    with pytest.raises(NotEnoughDataError) as refusal:
        topic.choose_weights(two_criteria(), "given", given={"profit": 1, "loyalty": 0})
    assert refusal.value.reason == "scorecard_no_weight"


def test_all_sets_of_weights_stand_side_by_side() -> None:
    sheet = two_criteria()
    weights, found, _ = topic.choose_weights(
        sheet, "given", given={"purchasing_power": 1, "loyalty": 3}, judgements={"loyalty/purchasing_power": 4}
    )
    assert list(found) == ["equal", "given", "ahp", "entropy"]
    table = topic.tabulate_weights(sheet, weights, found).set_index("criterion")
    assert table["weight"].tolist() == [0.25, 0.75]
    np.testing.assert_allclose(table["weight_ahp"], [0.2, 0.8])
    orders, _ = compare_orders(sheet, weights, found)
    assert set(orders["weight_method"]) == set(found) - {"given"} | {
        "moved"
    }  # the order of the scores by each of the others


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("{weights: given, given: {profit: 1}}", "needs a weight in `given` for purchasing_power"),
        ("{ahp: {profit/loyalty: 3, profit/risk: 1}}", "missing are loyalty/risk"),
        ("{ahp: {profit/loyalty: 0}}", "is no judgement"),
        ("{ahp: {profit/charm: 2}}", "no pair of criteria"),
        ("{ahp: {profit/loyalty: 2, loyalty/profit: 3}}", "judged twice"),
        ("{rule: {top: 3, score: 0.5}}", "say exactly one of"),
        ("{rule: {any: [{}]}}", "found none"),
        ("{overrides: [{customer_id: 12, key: true, by: x, date: 2026-01-01, reason: y}]}", "in quotes"),
        (
            "{overrides: [{customer_id: 'a', key: true, by: x, date: 2026-01-02, until: 2026-01-01, reason: y}]}",
            "lies before",
        ),
        ("{criteria: {profit: {measures: []}}}", "at least 1"),
        ("{least_know: 0.5}", "did you mean `least_known`"),
    ],
)
def test_what_the_job_file_may_not_say(tmp_path: Path, said: str, message: str) -> None:
    file = tmp_path / "job.yaml"
    file.write_text(
        f"job: x\nsource: o.csv\ncolumns: {{customer_id: c, order_date: d, amount: a}}\nscorecard: {said}\n",
        encoding="utf-8",
    )
    with pytest.raises(SettingsError, match=message):
        read_job(file)


def test_what_the_job_file_may_say(tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_text(
        """\
job: x
source: o.csv
columns: {customer_id: c, order_date: d, amount: a}
scorecard:
  criteria: {influence: off, profit: {measures: [margin_365_days, {measure: profit_365_days, threshold: 10}]}}
  ahp: {profit/loyalty: 1/3}
  rule: {any: [{top: 5}, {all: [{score: 0.7}, {value_share: 0.5}]}]}
  overrides: [{customer_id: "C1", key: false, by: Shen, date: 2026-05-01, reason: left}]
""",
        encoding="utf-8",
    )
    found = read_job(file).scorecard.model_dump(exclude_none=True)
    assert found["criteria"]["influence"] is False
    assert found["criteria"]["profit"]["measures"][0] == {"measure": "margin_365_days"}
    assert found["ahp"] == {"profit/loyalty": "1/3"}
    assert found["rule"] == {"any": [{"top": 5}, {"all": [{"score": 0.7}, {"value_share": 0.5}]}]}
