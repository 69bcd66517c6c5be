"""Does the page have its sentences whatever the data, and do its figures add up?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import NotEnoughDataError
from kalib.figures import style
from kalib.figures.rfm import draw_rfm_cells, draw_segment_map, draw_segments
from kalib.topics import rfm as topic
from kalib.topics.rfm import RfmScorer, score_rfm
from kalib.words import Words
from tests.depth import examples

TWELVE = pd.DataFrame(
    {
        "customer_id": list("abcdefghijkl"),
        "days_since_last_order": [1, 3, 5, 9, 20, 40, 60, 90, 200, 300, 400, 500],
        "orders": [20, 10, 9, 5, 4, 3, 2, 1, 1, 8, 2, 1],
        "net_sales": [1000.0, 900, 800, 700, 600, 500, 400, 300, 200, 950, 50, 10],
        "margin": [100.0, 90, 80, 70, 60, 50, 40, 30, np.nan, 95, 5, 1],
    }
)
EDGES = {"recency": (30, 90), "frequency": (1, 4), "monetary": (100, 500)}
OWN = [{"name": "top", "r": (2, 3), "m": (3, 3)}, {"name": "gone", "r": (1, 1)}]

CASES = {
    "as usual": (TWELVE, {}),
    "one customer, fixed edges": (TWELVE.head(1), {"edges": EDGES}),
    "one order each": (TWELVE.assign(orders=1), {}),
    "all the same": (TWELVE.assign(orders=1, net_sales=5.0, days_since_last_order=3), {}),
    "amounts of nought": (TWELVE.assign(net_sales=0.0), {}),
    "negative in all": (TWELVE.assign(net_sales=-TWELVE["net_sales"], margin=-1.0), {}),
    "returns of the best": (TWELVE.assign(net_sales=[-5000.0, *TWELVE["net_sales"][1:]]), {}),
    "own segments": (TWELVE, {"edges": EDGES, "segments": OWN, "rest": "others"}),
    "own segments, none at the top": (TWELVE.tail(3), {"edges": EDGES, "segments": OWN, "rest": "others"}),
    "margin": (TWELVE, {"monetary": "margin", "bins": 2}),
    "means": (TWELVE, {"monetary": "mean", "bins": {"recency": 10}}),
    "as many customers as scores": (TWELVE.head(3), {"bins": 3}),
}


@pytest.mark.parametrize("origin", ["here", "past", "model"])
@pytest.mark.parametrize("case", CASES)
def test_every_sentence_and_figure_of_the_page_can_be_made(case: str, origin: str) -> None:
    customers, choices = CASES[case]
    scorer = RfmScorer(**choices).fit(customers)
    rfm = score_rfm(customers, scorer=scorer)
    facts = topic.describe_rfm(rfm, scorer=scorer) | {"learnt_as_of": "2026-06-30"}
    said = topic.choose_sentences(facts, origin=origin)
    segments, cells = (make(rfm, scorer=scorer) for make in (topic.summarise_segments, topic.summarise_cells))
    keys = [*said["answer"], *said["scored"], *(said[key] for key in ("cells", "segments", "segments_8"))]
    keys += ["rfm.map.finding", "columns.money_from"]
    keys += ["rfm.cells.caption", "rfm.cells.alt", "rfm.map.alt", "rfm.segments.alt"]
    for language in ("en", "zh") if origin == "here" else ("en",):
        words = Words(language, currency="GBP")
        texts = [words(key, **facts) for key in keys]
        assert not any("nan" in text or "{" in text or "None" in text for text in texts)
        assert "–" not in texts[0] + texts[1]
        if origin == "here":
            for draw, table in ((draw_rfm_cells, cells), (draw_segments, segments), (draw_segment_map, segments)):
                with style.sheet(words):
                    draw(table, words=words, ax=style.new_axes(style.NARROW, 300)).figure.draw_without_rendering()
    assert segments["customers"].sum() == cells["customers"].sum() == len(rfm)
    assert segments["net_sales"].sum() == pytest.approx(rfm["net_sales"].sum())
    assert len(topic.summarise_scores(rfm, scorer=scorer)) == max(scorer.counts)


def test_what_is_said_fits_the_data() -> None:
    def said(case: str, origin: str = "here") -> tuple[dict, list[str]]:
        customers, choices = CASES[case]
        scorer = RfmScorer(**choices).fit(customers)
        facts = topic.describe_rfm(score_rfm(customers, scorer=scorer), scorer=scorer)
        chosen = topic.choose_sentences(facts, origin=origin)
        return facts | chosen, [key.rpartition(".")[2] for key in chosen["scored"]]

    facts, remarks = said("as usual")
    assert (facts["answer"], remarks) == (["rfm.answer.best", "rfm.quiet.none"], ["here"])
    facts, remarks = said("all the same")
    assert facts["constant"] == ["recency", "frequency", "monetary"]
    assert facts["answer"] == ["rfm.answer.alike", "rfm.quiet.none"]
    assert remarks == ["here", "constant", "empty_scores", "reachable"]
    assert facts["unreachable"] == [code for code in topic.SEGMENTS if code != "new_customers"]
    facts, remarks = said("one order each")
    assert facts["constant"] == ["frequency"]
    facts, remarks = said("own segments", "past")
    assert (facts["answer"][0], facts["top_segment"], remarks) == ("rfm.answer.own", "top", ["given"])
    facts, remarks = said("own segments, none at the top", "model")
    assert (facts["top_segment"], facts["unreachable"]) == ("gone", ["top", "others"])
    assert remarks == ["model", "empty_scores", "reachable"]
    facts, remarks = said("margin")
    assert (remarks, facts["unknown_money"]) == (["money", "here", "unknown_money", "unreachable"], 1)
    for case in ("negative in all", "amounts of nought"):
        assert said(case)[0]["answer"][0] == "rfm.answer.no_shares"
    assert said("one order each")[0]["answer"][0] == "rfm.answer.none"
    facts, remarks = said("one customer, fixed edges")
    assert (facts["answer"][0], facts["cells"]) == ("rfm.answer.alike", "rfm.cells.finding")
    facts, remarks = said("means", "past")
    assert remarks == ["money", "past", "empty_scores"] or remarks == ["money", "past"]


@pytest.mark.parametrize("orders", [0, 1])
def test_nobody_with_an_order_is_a_reason_not_a_crash(orders: int) -> None:
    customers = TWELVE.assign(orders=orders).head(4)
    with pytest.raises(NotEnoughDataError) as refusal:
        RfmScorer().fit(customers)
    sentence = Words("en")(f"reasons.{refusal.value.reason}", **refusal.value.facts)
    assert sentence.startswith("RFM scores compare customers with each other: for 5 scores at least 5 customers")
    with pytest.raises(NotEnoughDataError):
        topic.describe_rfm(score_rfm(customers.assign(orders=0), scorer=RfmScorer().fit(TWELVE)))


@pytest.mark.parametrize(
    ("reason", "facts"),
    [
        ("rfm_no_margin", {}),
        ("rfm_learn_ahead", {"learn_as_of": "2026-07-01", "as_of": "2026-06-30"}),
        ("rfm_rules_overlap", {"one": "a", "other": "b", "cell": "R 1 F 1 M 1"}),
        ("rfm_rules_leave_out", {"cell": "R 1 F 1 M 1"}),
    ],
)
def test_reasons_have_words(reason: str, facts: dict) -> None:
    assert all(Words(language)(f"reasons.{reason}", **facts) for language in ("en", "zh"))


def test_what_each_segment_brings_by_hand() -> None:
    scorer = RfmScorer(edges=EDGES, segments=OWN, rest="others").fit(TWELVE)
    table = topic.summarise_segments(score_rfm(TWELVE, scorer=scorer), scorer=scorer).set_index("segment")
    # Money above 500 within 90 days: a to e. Silent for longer than 90: i to l. The others: f, g and h.
    assert table["customers"].to_dict() == {"top": 5, "gone": 4, "others": 3}
    assert table["net_sales"].to_dict() == {"top": 4000, "gone": 1210, "others": 1200}
    assert table.loc["top", "net_sales_per_customer"] == 800
    assert table["margin"].to_dict() == {"top": 400, "gone": 101, "others": 120}
    assert table.loc["gone", "margin_per_customer"] == pytest.approx(101 / 3)  # of one the margin is not known
    # of those worth much, j alone is silent for longer than ever; k is a customer no more
    states = ["buying"] * 8 + ["pausing", "quiet", "lost", "quiet"]
    silence = pd.DataFrame({"customer_id": list("abcdefghijkl"), "silence": states, "net_sales_before": 5.0})
    marked = topic.mark_quiet(
        score_rfm(TWELVE, scorer=scorer), silence.assign(usual_gap_days=7.0, longest_gap_days=9.0)
    )
    assert (
        topic.list_quiet(marked)["customer_id"].tolist()
        == marked.loc[marked["is_worth_much"] & (marked["silence"] == "quiet"), "customer_id"].tolist()
        == ["j"]
    )
    table = topic.summarise_segments(marked, scorer=scorer).set_index("segment")
    assert table["quiet_customers"].to_dict() == {"top": 0, "gone": 1, "others": 0}


def test_scores_of_several_lengths_stand_in_one_table() -> None:
    scorer = RfmScorer(edges={"frequency": (1,)}, bins={"recency": 3, "monetary": 4}).fit(TWELVE)
    table = topic.summarise_scores(score_rfm(TWELVE, scorer=scorer), scorer=scorer).set_index("score")
    assert table.index.tolist() == [4, 3, 2, 1]
    assert table["orders_from"].dropna().to_dict() == {2: 2, 1: 1}
    assert table["days_to"].dropna().to_dict() == {3: 9, 2: 90, 1: 500}


rows = st.lists(st.tuples(st.integers(0, 800), st.integers(1, 9), st.integers(-999, 9999)), min_size=10, max_size=40)


@examples(10, 80)
@given(rows, st.integers(2, 10), st.randoms(use_true_random=False))
def test_row_order_changes_no_table(drawn: list[tuple[int, int, int]], bins: int, random: object) -> None:
    customers = pd.DataFrame(drawn, columns=["days_since_last_order", "orders", "net_sales"])
    customers["customer_id"] = [f"c{i:03}" for i in range(len(customers))]
    order = list(range(len(customers)))
    random.shuffle(order)
    made = []
    for table in (customers, customers.iloc[order]):
        scorer = RfmScorer(bins=bins).fit(table)
        rfm = score_rfm(table, scorer=scorer)
        made.append([rfm, topic.summarise_segments(rfm, scorer=scorer), topic.summarise_cells(rfm, scorer=scorer)])
    for one, other in zip(*made, strict=True):
        pd.testing.assert_frame_equal(one, other)
    assert made[0][1]["customers"].sum() == len(customers)
