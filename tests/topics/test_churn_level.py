"""Is the level of a forecast taken from the dates that tell it?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kalib.topics.churn_level import weigh_dates

QUARTERS = pd.Series(pd.date_range("2023-01-15", periods=8, freq="91D"))
NEXT = QUARTERS.iloc[-1] + pd.Timedelta(days=91)
NOISE = np.full(8, 0.005)


def test_one_date_is_all_there_is() -> None:
    assert weigh_dates(QUARTERS[:1], np.array([0.7]), NOISE[:1], at=NEXT) == pytest.approx([1])


def test_levels_that_swing_are_those_of_the_season() -> None:
    weights = weigh_dates(QUARTERS, np.array([1.0, 0, -1, 0] * 2), NOISE, at=NEXT)
    assert weights.sum() == pytest.approx(1)
    assert weights[[0, 4]].sum() > 0.7


def test_levels_that_drift_are_those_of_the_newest() -> None:
    weights = weigh_dates(QUARTERS, np.arange(8) * 0.2, NOISE, at=NEXT)
    assert weights.argmax() == 7
    assert weights @ (np.arange(8) * 0.2) > 1.0


def test_levels_that_are_alike_are_averaged() -> None:
    """What differs by chance alone is not taken for a season: over many draws the error is below that of the season's mean."""
    rng = np.random.default_rng(1)
    by_weight, by_season = [], []
    for _ in range(200):
        levels = rng.normal(0, 0.1, 8)
        by_weight.append(weigh_dates(QUARTERS, levels, np.full(8, 0.01), at=NEXT) @ levels)
        by_season.append(levels[[0, 4]].mean())
    assert np.std(by_weight) < np.std(by_season)


def test_swings_are_found_better_than_by_one_rule() -> None:
    """Simulated worlds, half of them seasonal: the weighed level is nearer than the season's, the newest's or the mean."""
    rng = np.random.default_rng(2)
    errors: dict[str, list[float]] = {"weighed": [], "season": [], "newest": [], "mean": []}
    for world in range(200):
        swing = rng.choice([0.0, 0.8]) * np.cos(np.arange(9) * np.pi / 2 + rng.uniform(0, 6))
        levels = swing + np.cumsum(rng.normal(0, 0.08, 9)) * (world % 3 == 0) + rng.normal(0, 0.08, 9)
        told = {"season": levels[4], "newest": levels[7], "mean": levels[:8].mean()}
        told["weighed"] = weigh_dates(QUARTERS, levels[:8], np.full(8, 0.0064), at=NEXT) @ levels[:8]
        for name, level in told.items():
            errors[name].append((level - levels[8]) ** 2)
    mean = {name: np.mean(own) for name, own in errors.items()}
    assert mean["weighed"] < min(mean["season"], mean["newest"], mean["mean"])


def test_the_order_of_dates_changes_nothing() -> None:
    levels = np.array([0.4, -0.1, -0.3, 0.2, 0.5, 0.0, -0.2, 0.1])
    order = np.array([3, 1, 7, 0, 2, 6, 5, 4])
    one = weigh_dates(QUARTERS, levels, NOISE, at=NEXT)
    other = weigh_dates(QUARTERS.iloc[order], levels[order], NOISE, at=NEXT)
    np.testing.assert_allclose(other, one[order], atol=1e-9)
