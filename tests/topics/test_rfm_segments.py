"""Does every combination of scores have exactly one segment, and are rules that don't see to it refused by name?"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import NotEnoughDataError, SettingsError
from kalib.settings import read_job
from kalib.settings.rfm import Segment, lint_segments
from kalib.topics import rfm as topic
from kalib.topics.rfm import SEGMENTS, RfmScorer, apply_rules, find_segment
from kalib.topics.rfm_segments import (
    assign_cells,
    assign_eight,
    find_fifths,
    find_unreachable,
    is_worth_much,
    list_cells,
)
from kalib.words import Words

JOB = """job: t
source: orders.csv
columns: {customer_id: c, order_date: d, amount: a}
rfm:
"""


@pytest.mark.parametrize("bins", range(2, 11))
def test_fifths_are_symmetric_and_reach_from_first_to_last(bins: int) -> None:
    fifths = find_fifths(bins)
    assert (fifths[0], fifths[-1], len(fifths)) == (1, 5, bins)
    assert fifths == sorted(fifths)
    assert [6 - fifth for fifth in reversed(fifths)] == fifths
    if bins >= 5:
        assert set(fifths) == {1, 2, 3, 4, 5}


def test_fifths_of_ten_and_seven_by_hand() -> None:
    assert find_fifths(10) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert find_fifths(7) == [1, 2, 2, 3, 4, 4, 5]


@pytest.mark.parametrize("bins", [(2, 2, 2), (3, 4, 2), (5, 5, 5), (10, 3, 7)])
def test_any_bins_give_known_segments(bins: tuple[int, int, int]) -> None:
    cells = assign_cells(bins)
    assert len(cells) == len(list_cells(bins)) == np.prod(bins)
    assert set(cells) <= set(SEGMENTS)
    assert cells[-1] == "champions"
    assert cells[0] == "lost"


def test_ten_bins_are_five_bins_twice() -> None:
    for cell in itertools.product(range(1, 11), repeat=3):
        halves = [(score + 1) // 2 for score in cell]
        assert find_segment(*cell, bins=(10, 10, 10)) == find_segment(*halves)


def test_worth_much_is_the_upper_three_fifths_of_frequency_and_money() -> None:
    for r, f, m in itertools.product(range(1, 6), repeat=3):
        assert is_worth_much(r, f, m) == (f + m >= 5)


def test_eight_cells_of_two_scores() -> None:
    wanted = [
        *("general_winback", "important_winback", "general_keep", "important_keep"),
        *("general_develop", "important_develop", "general_value", "important_value"),
    ]
    assert assign_eight((2, 2, 2), (1.5, 1.5, 1.5)) == wanted


RULES = [
    {"name": "vip", "r": (4, 5), "f": (4, 5), "m": (4, 5)},
    {"name": "asleep", "r": (1, 2), "f": None, "m": None},
]


def test_rules_by_hand() -> None:
    cells = dict(zip(list_cells((5, 5, 5)), assign_cells((5, 5, 5), RULES, rest="others"), strict=True))
    assert cells[4, 4, 4] == cells[5, 5, 5] == "vip"
    assert cells[2, 5, 5] == cells[1, 1, 1] == "asleep"
    assert cells[3, 5, 5] == cells[4, 3, 5] == "others"


def test_rules_that_do_not_fit_are_refused_by_name() -> None:
    with pytest.raises(NotEnoughDataError) as refusal:
        assign_cells((5, 5, 5), RULES)
    assert (refusal.value.reason, refusal.value.facts) == ("rfm_rules_leave_out", {"cell": "R 3 F 1 M 1"})
    with pytest.raises(NotEnoughDataError) as refusal:
        assign_cells((5, 5, 5), [*RULES, {"name": "poor", "m": (1, 1)}], rest="others")
    assert refusal.value.facts == {"one": "asleep", "other": "poor", "cell": "R 1 F 1 M 1"}


def test_another_runs_scorer_takes_this_jobs_rules() -> None:
    table = pd.DataFrame({"customer_id": list("abcde"), "orders": range(1, 6), "net_sales": [1.0, 2, 3, 4, 5]})
    scorer = RfmScorer().fit(table.assign(days_since_last_order=range(50, 0, -10)))
    assert apply_rules(scorer, segments=RULES, rest="others").segments == RULES
    with pytest.raises(NotEnoughDataError):
        apply_rules(scorer, segments=RULES, rest=None)
    assert apply_rules(scorer, segments=None, rest=None).segments is None


def test_segments_that_nobody_can_reach_are_named() -> None:
    cells = assign_cells((5, 5, 5), RULES, rest="others")
    all_five = np.arange(1, 6)
    names = ["vip", "asleep", "others"]
    assert find_unreachable(cells, (5, 5, 5), (all_five, all_five, all_five), among=names) == []
    assert find_unreachable(cells, (5, 5, 5), (all_five, np.array([1, 3]), all_five), among=names) == ["vip"]
    assert find_unreachable(cells, (5, 5, 5), (np.array([1]), all_five, all_five), among=names) == ["vip", "others"]


# --- the job file ---------------------------------------------------------------------------------------------------


def settings_of(tmp_path: Path, text: str) -> object:
    file = tmp_path / "job.yaml"
    file.write_text(JOB + "\n".join(f"  {line}" for line in text.strip().splitlines()) + "\n", encoding="utf-8")
    return read_job(file)


def test_rules_of_a_job_file(tmp_path: Path) -> None:
    job = settings_of(
        tmp_path,
        """
bins: {frequency: 4}
rest: {name: others, label: The others}
segments:
  - {name: vip, label: {en: VIP, zh: 贵宾}, r: 5, f: [3, 4]}
  - {name: asleep, label: {zh: 沉睡}, r: [1, 2]}
""",
    )
    assert job.rfm.scoring() == {
        "bins": {"recency": 5, "frequency": 4, "monetary": 5},
        "edges": None,
        "monetary": "total",
        "window_days": None,
        "segments": [
            {"name": "vip", "r": (5, 5), "f": (3, 4), "m": None},
            {"name": "asleep", "r": (1, 2), "f": None, "m": None},
        ],
        "rest": "others",
    }
    english, chinese = (Words(language, names=job.names(language)) for language in ("en", "zh"))
    assert english.code("segment", "vip") == "VIP"
    assert english.code("segment", "asleep") == "沉睡"  # better than a code
    assert chinese.code("segment", "vip") == "贵宾"
    assert english.show(["vip", "others"], "codes segment") == "VIP, The others"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "segments:\n  - {name: a, r: [3, 5]}\n  - {name: b, r: [1, 3]}",
            "line 5: `rfm.segments`: `a` and `b` overlap in 25 combinations of scores, for instance R 3 F 1 M 1; give each to one",
        ),
        (
            "segments:\n  - {name: a, r: [3, 5]}\n  - {name: b, r: 1}",
            "no segment covers 25 of the 125 combinations of scores, for instance R 2 F 1 M 1; add a segment, or name one",
        ),
        (
            "rest: x\nsegments:\n  - {name: a, r: [3, 5]}\n  - {name: b, r: 5, m: 5}",
            "nobody can reach `b`: all its scores belong to `a` as well",
        ),
        (
            "bins: 4\nrest: x\nsegments:\n  - {name: a, r: 5}",
            "nobody can reach `a`: its R begins at 5, and the highest score is 4",
        ),
        (
            "edges: {monetary: [100]}\nrest: x\nsegments:\n  - {name: a, m: [2, 5]}",
            "`a` wants M up to 5, and the highest score is 2; end it there",
        ),
        (
            "rest: x\nsegments:\n  - {name: a}",
            "nobody can reach `x`: the segments leave no score over; take `rest` out",
        ),
        ("rest: a\nsegments:\n  - {name: a, r: 5}", "two segments are called `a`"),
        ("rest: x", "`rest` names what no segment of your own covers, and there are no `segments`"),
        (
            "rest: x\nsegments:\n  - {name: a, r: [5, 4]}",
            "line 7: `rfm.segments.0.r`: a range of scores goes from the lower",
        ),
        ("rest: x\nsegments:\n  - {name: VIP!, r: 5}", "line 7: `rfm.segments.0.name` = 'VIP!'"),
        ("edges: {recency: [90, 30]}", "line 5: `rfm.edges.recency`: write the edges from the least to the most"),
        ("edges: {recency: []}", "give 1 to 9 edges, which make 2 to 10 scores; here are 0"),
        ("edges: {recency: [30, .inf]}", "an edge is a plain number"),
        (
            "bins: 5\nedges: {recency: [30]}",
            "1 edges of recency make 2 scores, and `bins` says 5; take one of the two out",
        ),
        ("bins: 11", "line 5: `rfm.bins.recency` = 11: input should be less than or equal to 10"),
        ("monetary: profit", "`rfm.monetary` = 'profit': input should be 'total', 'mean' or 'margin'"),
        ("window_days: 100", "`rfm.window_days` = 100: input should be 30, 90, 180 or 365"),
        ("model: a.skops\nlearn_as_of: 2026-01-01", "`learn_as_of` learns edges and `model` brings them"),
        ("model: a.skops\nbins: 4", "`model` brings its own `bins`; take it out"),
        ("bin: 4", "unknown setting `rfm.bin`; did you mean `bins`?"),
    ],
)
def test_faults_of_a_job_file_are_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        settings_of(tmp_path, text)
    assert said in str(refusal.value)
    assert "job.yaml, line" in str(refusal.value)


def test_every_fault_is_named_at_once() -> None:
    rules = [Segment(name="a", r=(4, 5)), Segment(name="b", f=(5, 5)), Segment(name="c", m=(9, 9))]
    found = lint_segments(rules, (5, 5, 5), rest=None)
    assert [said.split(" ")[0] for said in found] == ["nobody", "`a`", "no"]


bands = st.one_of(st.none(), st.tuples(st.integers(1, 3), st.integers(1, 3)).map(lambda band: tuple(sorted(band))))


@given(st.lists(st.tuples(bands, bands, bands), min_size=1, max_size=4), st.sampled_from([None, "rest"]))
def test_the_job_file_and_the_scorer_agree_on_rules(drawn: list[tuple], rest: str | None) -> None:
    rules = [dict(zip(("name", "r", "f", "m"), (f"s{i}", *bands), strict=True)) for i, bands in enumerate(drawn)]
    faults = lint_segments([Segment(**rule) for rule in rules], (3, 3, 3), rest=rest)
    faults = [fault for fault in faults if "take `rest` out" not in fault]  # needless, not wrong
    try:
        cells = assign_cells((3, 3, 3), rules, rest=rest)
    except NotEnoughDataError:
        assert faults
    else:
        assert not faults
        assert {rule["name"] for rule in rules} <= set(cells)


def test_own_segments_are_listed_as_the_job_has_them_or_best_first() -> None:
    rfm = pd.DataFrame({"segment": ["b", "a", "a"], "r_score": [5, 1, 2], "f_score": [5, 1, 1], "m_score": [5, 1, 1]})
    scorer = RfmScorer(segments=[{"name": "a"}, {"name": "c"}], rest="b")
    assert topic.list_segments(rfm, scorer=scorer) == ["a", "c", "b"]
    assert topic.list_segments(rfm) == ["b", "a"]
    assert topic.list_segments(rfm.assign(segment="lost")) == list(SEGMENTS)


def monthly_book(**figures: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forty customers of 36 monthly orders each, the last one within the month; and their silence."""
    rng = np.random.default_rng(5)
    customers = pd.DataFrame(
        {"customer_id": [f"c{n:02}" for n in range(40)], "days_since_last_order": rng.permutation(40) * 30 // 40}
    )
    customers = customers.assign(orders=36, net_sales=rng.uniform(3_000, 4_000, 40).round(2), tenure_days=1_080.0)
    customers = customers.assign(**figures)
    return customers, customers[["customer_id"]].assign(silence="buying")


def test_nobody_who_orders_every_month_is_new_at_risk_or_lost() -> None:
    customers, silent = monthly_book()
    scored = topic.score_rfm(customers)
    assert {"new_customers", "lost", "at_risk"} & set(scored["segment"])  # by the scores alone
    named = topic.name_segments(scored, customers, silent, new_days=90)
    assert not {"new_customers", "lost", "hibernating", *topic.LEAVING} & set(named["segment"])
    assert topic.count_renamed(named, scored) > 10
    pd.testing.assert_frame_equal(named.drop(columns="segment"), scored.drop(columns="segment"))  # the scores stay


def test_new_and_lost_are_those_who_are() -> None:
    states = ["one_order", "one_order", "lapsed", "pausing", "quiet", *["buying"] * 20]
    customers = pd.DataFrame({"customer_id": [f"c{n:02}" for n in range(25)], "orders": [1] * 5 + list(range(3, 23))})
    customers = customers.assign(
        days_since_last_order=[5, 5, 300, 300, 300, *range(40, 60)],
        tenure_days=[5.0, 700.0, *[900.0] * 23],
        net_sales=customers["orders"] * 10.0,
    )
    silent = customers[["customer_id"]].assign(silence=states)
    named = topic.name_segments(topic.score_rfm(customers), customers, silent, new_days=90)["segment"]
    assert named.head(5).tolist() == ["new_customers", "promising", "lost", "hibernating", "lost"]


@pytest.mark.parametrize("same", [{"days_since_last_order": 5}, {"net_sales": 3_600.0}])
def test_who_cannot_be_told_apart_is_not_named(same: dict[str, object]) -> None:
    customers, silent = monthly_book(**same)
    scorer = topic.RfmScorer().fit(customers)
    named = topic.name_segments(
        topic.score_rfm(customers, scorer=scorer), customers, silent, new_days=90, scorer=scorer
    )
    assert set(named["segment"]) == {"others"}
    facts = topic.describe_rfm(named, scorer=scorer)
    said = topic.choose_sentences(facts | {"new_days": 90, "renamed": 40})
    assert said["answer"][0] == "rfm.answer.not_named"
    assert said["segments"] == "rfm.segments.not_named"
    assert "rfm.scored.names" not in said["scored"]
    assert facts["unreachable"] == []


def test_the_businesss_own_segments_stay() -> None:
    customers, silent = monthly_book()
    scorer = topic.RfmScorer(segments=[{"name": "lost", "r": (1, 2)}], rest="others").fit(customers)
    scored = topic.score_rfm(customers, scorer=scorer)
    assert topic.name_segments(scored, customers, silent, new_days=90, scorer=scorer) is scored


def test_a_segment_says_how_many_are_customers_still() -> None:
    rfm = pd.DataFrame(
        {
            "segment": ["at_risk", "at_risk", "champions"],
            "net_sales": [1.0, 2.0, 3.0],
            "days_since_last_order": [400, 20, 3],
            "orders": [9, 9, 9],
            "silence": ["lost", "quiet", "in_rhythm"],
        }
    )
    table = topic.summarise_segments(rfm).set_index("segment")
    assert table["still_customers"].to_dict() == {"champions": 1, "at_risk": 1}
