"""Do the churn figures say what their tables hold, at both widths and in both languages?"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from matplotlib.axes import Axes

from kalib.figures import style
from kalib.figures.churn import draw_active_days, draw_calibration, draw_horizon, draw_models, draw_risk
from kalib.words import Words

CALIBRATION = pd.DataFrame(
    {
        "group": [1, 2, 3],
        "customers": [40, 40, 40],
        "predicted_share": [0.1, 0.4, 0.8],
        "observed_share": [0.05, 0.45, 0.75],
        "observed_low": [0.02, 0.36, 0.66],
        "observed_high": [0.11, 0.54, 0.82],
    }
)
MODELS = pd.DataFrame(
    {
        "model": ["few_orders", "recency", "boosting"],
        "is_rule": [True, True, False],
        "chosen": [False, False, True],
        "auc": [0.62, 0.7, 0.77],
        "auc_low": [0.6, 0.69, 0.76],
        "auc_high": [0.64, 0.71, 0.78],
    }
)
RISK = pd.DataFrame(
    {
        "probability_from": [i / 10 for i in range(10)],
        "probability_to": [(i + 1) / 10 for i in range(10)],
        "customers": [1200, 0, 5, 4, 3, 9, 8, 7, 6, 2],
    }
)
REPEATS = pd.DataFrame({"gap_days": range(366), "repeat_share": [min(day / 180, 1) for day in range(366)]})
HORIZONS = pd.DataFrame(
    {"horizon_days": [30, 90, 180], "repeat_share": [1 / 6, 0.5, 1], "chosen": [False, True, False]}
)
ACTIVE = pd.DataFrame(
    {
        "active_days": [90, 180, 365, 730],
        "silent": [300, 200, 100, 3],
        "returned": [75, 30, 5, 0],
        "return_share": [0.25, 0.15, 0.05, 0.0],
        "chosen": [False, False, True, False],
        "why": ["still_return", "still_return", "chosen", "few_silent"],
    }
)
FIGURES: dict[str, Callable[[Words, Axes | None], Axes]] = {
    "calibration": lambda words, ax: draw_calibration(CALIBRATION, words=words, ax=ax),
    "models": lambda words, ax: draw_models(MODELS, words=words, ax=ax),
    "risk": lambda words, ax: draw_risk(RISK, horizon_days=90, words=words, ax=ax),
    "horizon": lambda words, ax: draw_horizon(REPEATS, HORIZONS, words=words, ax=ax),
    "active": lambda words, ax: draw_active_days(ACTIVE, words=words, ax=ax),
}


def texts(ax: Axes) -> list[str]:
    ax.figure.draw_without_rendering()
    ticks = [label.get_text() for axis in (ax.xaxis, ax.yaxis) for label in axis.get_ticklabels()]
    return [text.get_text() for text in ax.texts] + ticks


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_draws_into_the_axes_given_and_stays_inside(name: str, width: int, language: str) -> None:
    words = Words(language)
    with style.sheet(words):
        ax = style.new_axes(width, 320)
        assert FIGURES[name](words, ax) is ax
        ax.figure.draw_without_rendering()
        assert not ax.get_title()
        whole = ax.figure.bbox
        for text in ax.texts:
            box = text.get_window_extent()
            assert box.x0 >= whole.x0 - 1, text.get_text()
            assert box.x1 <= whole.x1 + 1, text.get_text()


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_makes_its_own_axes_and_changes_no_table(name: str) -> None:
    tables = [CALIBRATION, MODELS, RISK, REPEATS, HORIZONS, ACTIVE]
    before = [table.copy(deep=True) for table in tables]
    assert isinstance(FIGURES[name](Words("en"), None), Axes)
    for table, untouched in zip(tables, before, strict=True):
        pd.testing.assert_frame_equal(table, untouched)


def test_calibration_says_the_last_group_and_draws_every_interval() -> None:
    ax = draw_calibration(CALIBRATION, words=Words("en"))
    assert "80% predicted\n75% left" in texts(ax)
    assert [path.vertices[:, 1].tolist() for path in ax.collections[0].get_paths()] == [
        [0.02, 0.11],
        [0.36, 0.54],
        [0.66, 0.82],
    ]


def test_models_stand_best_first_with_their_figure() -> None:
    ax = draw_models(MODELS, words=Words("en"))
    assert [text.get_text() for text in ax.texts] == ["0.770", "0.700", "0.620"]
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "All figures together",
        "Days of silence",
        "Few orders in the year",
    ]


def test_bars_carry_their_numbers_and_risk_its_colour() -> None:
    ax = draw_risk(RISK, horizon_days=90, words=Words("en"))
    assert [bar.get_height() for bar in ax.patches] == RISK["customers"].tolist()
    assert "1,200" in texts(ax)
    assert style.ALERT == "#c4461f"
    assert [bar.get_facecolor() == ax.patches[-1].get_facecolor() for bar in ax.patches] == [False] * 5 + [True] * 5


def test_the_chosen_horizon_is_said() -> None:
    assert "90 days · 50%" in texts(draw_horizon(REPEATS, HORIZONS, words=Words("en")))


def test_windows_without_proof_are_not_drawn() -> None:
    ax = draw_active_days(ACTIVE, words=Words("en"))
    assert [bar.get_height() for bar in ax.patches[:3]] == [0.25, 0.15, 0.05]
    assert "730" not in texts(ax)
