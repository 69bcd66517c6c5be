"""Are Kaplan and Meier's curves those of the textbooks, of counting by hand, and of plain shares where all is known?"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.topics.retention_survival import estimate_survival, find_median, read_curve
from tests.depth import examples

SIX_MP = [6, 6, 6, 7, 10, 13, 16, 22, 23]
SIX_MP_OPEN = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
"""Weeks of remission of 42 children with leukaemia: Freireich and others (1963), Blood 21, p. 699; as in Kleinbaum and
Klein, Survival Analysis (2nd ed. 2005), chapters 1 and 2."""

spells_of = st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=60)


def spells(returned: list[int], still_open: list[int] | None = None) -> pd.DataFrame:
    still_open = still_open or []
    ended = [True] * len(returned) + [False] * len(still_open)
    return pd.DataFrame({"days": [*returned, *still_open], "returned": ended})


def test_the_textbooks_remissions() -> None:
    curve = estimate_survival(spells(SIX_MP, SIX_MP_OPEN), interval=0.95)
    steps = curve[curve["returned"] > 0]
    # Kleinbaum and Klein, table on the 6-MP group: n, m, q and S(t); standard errors as Stata's `sts list` prints them.
    assert steps["days"].tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert steps["at_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert steps["returned"].tolist() == [3, 1, 1, 1, 1, 1, 1]
    assert steps["waiting_share"].round(4).tolist() == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert steps["waiting_error"].round(4).tolist() == [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]
    assert steps["waiting_low"].round(4).tolist() == [0.6197, 0.5631, 0.5032, 0.4316, 0.3675, 0.2678, 0.1881]
    assert steps["waiting_high"].round(4).tolist() == [0.9516, 0.9228, 0.8894, 0.8491, 0.8049, 0.7468, 0.6801]
    assert find_median(curve) == 23
    assert find_median(estimate_survival(spells(PLACEBO))) == 8


def test_by_hand() -> None:
    # 5 at risk, 1 back on day 2: 4/5; one open on day 3; 3 at risk, 2 back on day 4: 4/5 * 1/3; one open on day 9.
    curve = estimate_survival(spells([2, 4, 4], [3, 9]))
    assert curve["days"].tolist() == [0, 2, 3, 4, 9]
    assert curve["at_risk"].tolist() == [5, 5, 4, 3, 1]
    assert curve["open"].tolist() == [0, 0, 1, 0, 1]
    assert curve["waiting_share"].tolist() == pytest.approx([1, 0.8, 0.8, 0.8 / 3, 0.8 / 3])
    # Greenwood: S^2 * (1 / (5 * 4) + 2 / (3 * 1)).
    assert curve["waiting_error"].iloc[3] == pytest.approx(0.8 / 3 * math.sqrt(1 / 20 + 2 / 3))
    assert find_median(curve) == 4
    assert read_curve(curve, 3)["back_share"] == pytest.approx(0.2)
    assert read_curve(curve, 9)["back_share"] == pytest.approx(1 - 0.8 / 3)
    assert math.isnan(read_curve(curve, 10)["back_share"])


def test_whoever_leaves_the_record_on_a_day_was_at_risk_on_it() -> None:
    assert estimate_survival(spells([5], [5]))["waiting_share"].tolist() == [1, 0.5]


def test_all_back_and_nobody_back() -> None:
    curve = estimate_survival(spells([1, 2]))
    assert curve["waiting_share"].tolist() == [1, 0.5, 0]
    assert read_curve(curve, 900) == {"back_share": 1.0, "back_low": 1.0, "back_high": 1.0}
    nobody = estimate_survival(spells([], [4, 9]))
    assert nobody["waiting_share"].tolist() == [1, 1, 1]
    assert math.isnan(find_median(nobody))
    with pytest.raises(ValueError, match="at least one spell"):
        estimate_survival(spells([]))


@examples(37, 300)
@given(spells_of, st.randoms(use_true_random=False))
def test_invariants(rows: list[tuple[int, bool]], random: object) -> None:
    table = pd.DataFrame(rows, columns=["days", "returned"])
    before, curve = table.copy(deep=True), estimate_survival(table)
    shuffled = rows.copy()
    random.shuffle(shuffled)
    pd.testing.assert_frame_equal(curve, estimate_survival(pd.DataFrame(shuffled, columns=["days", "returned"])))
    pd.testing.assert_frame_equal(table, before)
    waiting = curve["waiting_share"]
    assert waiting.is_monotonic_decreasing
    assert waiting.between(0, 1).all()
    assert (curve["waiting_low"] <= waiting + 1e-12).all()
    assert (waiting <= curve["waiting_high"] + 1e-12).all()
    assert int(curve["returned"].sum() + curve["open"].sum()) == len(table)


@examples(25, 200)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_where_all_is_known_it_is_the_plain_share(days: list[int]) -> None:
    curve = estimate_survival(spells(days))
    plain = [np.mean(np.array(days) > day) for day in curve["days"]]
    assert curve["waiting_share"].tolist() == pytest.approx(plain)


@examples(25, 200)
@given(spells_of)
def test_it_is_the_share_that_redistributes_the_open_ones_to_the_right(rows: list[tuple[int, bool]]) -> None:
    """Efron's way (1967): the mass of each open spell is shared out among those that lasted longer."""
    order = sorted(rows, key=lambda row: (row[0], not row[1]))
    mass = [1 / len(order)] * len(order)
    for at, (_, ended) in enumerate(order):
        later = len(order) - at - 1
        if not ended and later:
            for other in range(at + 1, len(order)):
                mass[other] += mass[at] / later
            mass[at] = 0.0
    curve = estimate_survival(pd.DataFrame(rows, columns=["days", "returned"]))
    for row in curve.itertuples(index=False):
        back = sum(one for one, (day, ended) in zip(mass, order, strict=True) if ended and day <= row.days)
        assert row.waiting_share == pytest.approx(1 - back)


@pytest.mark.deep
def test_the_interval_holds_what_it_says() -> None:
    rng, held = np.random.default_rng(5), 0
    for _ in range(2000):
        true, watched = rng.exponential(30, 120), rng.uniform(10, 120, 120)
        table = pd.DataFrame({"days": np.ceil(np.minimum(true, watched)).astype(int), "returned": true <= watched})
        found = read_curve(estimate_survival(table, interval=0.8), 30)
        held += found["back_low"] <= 1 - math.exp(-1) <= found["back_high"]
    assert 0.77 <= held / 2000 <= 0.83
