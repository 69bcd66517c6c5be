"""Do the figures on value say what their tables hold, at both widths and in both languages?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd
import pytest
from matplotlib.axes import Axes

from kalib.figures import style
from kalib.figures.value import draw_accounts, draw_conditional, draw_seasons, draw_tracking
from kalib.words import Words

TRACKING = pd.DataFrame(
    {
        "date": pd.date_range("2026-01-04", periods=20, freq="7D"),
        "actual": [10, 14, 30, 22, 19, 17, 24, 28, 25, 21, 18, 16, 20, 23, 22, 19, 17, 16, 15, 21],
        "expected": [12.0, 15, 20, 21, 21, 21, 21, 22, 22, 22, 22, 22, 21, 21, 20, 20, 19, 19, 19, 18],
        "held_out": [False] * 14 + [True] * 6,
    }
)
CLASSES = pd.DataFrame(
    {
        "frequency_from": [0, 1, 2, 4, 8, 16],
        "frequency_to": [0, 1, 3, 7, 15, None],
        "customers": [400, 200, 100, 50, 20, 9],
        "actual_orders": [0.1, 0.3, 0.6, 1.1, 2.2, 5.5],
        "bg_nbd": [0.15, 0.28, 0.5, 1.2, 2.4, 5.0],
        "mbg_nbd": [0.1, 0.3, 0.52, 1.1, 2.5, 5.2],
        "pareto_nbd": [0.12, 0.31, 0.5, 1.2, 2.3, 5.1],
    }
)
MODELS = ["mbg_nbd", "bg_nbd", "pareto_nbd"]
SEASONS = pd.DataFrame(
    {
        "month": range(1, 13),
        "season_index": [0.9, 0.6, 1.0, 1.0, 1.02, 0.98, 0.85, 0.95, 1.4, 0.9, 1.1, 1.3],
    }
)
ACCOUNTS = pd.DataFrame(
    {
        "name": ["Sundialhill Business Park 晷岗商务园", "Spindlepath Trading"],
        "clv": [2_649_585.0, 1_189_277.0],
        "clv_low": [535_557.0, 190_377.0],
        "clv_high": [3_952_223.0, 1_732_865.0],
    }
)
FIGURES: list[tuple[Callable[..., Axes], pd.DataFrame]] = [
    (draw_tracking, TRACKING),
    (partial(draw_conditional, models=MODELS), CLASSES),
    (draw_seasons, SEASONS),
    (draw_accounts, ACCOUNTS),
]


def said(ax: Axes) -> list[str]:
    ticks = [*ax.get_xticklabels(), *ax.get_yticklabels()]
    return [text.get_text() for text in [*ax.texts, *ticks, ax.xaxis.label] if text.get_text()]


@pytest.mark.parametrize(("draw", "table"), FIGURES)
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
def test_figures_draw_without_a_title_and_change_nothing(
    draw: Callable[..., Axes], table: pd.DataFrame, language: str, width: int
) -> None:
    before = table.copy(deep=True)
    with style.sheet(Words(language)):
        ax = draw(table, words=Words(language, currency="CNY"), ax=style.new_axes(width, 320))
        ax.figure.canvas.draw()
        box = ax.figure.bbox
        for text in ax.texts:
            extent = text.get_window_extent()
            assert extent.x1 <= box.x1 + 1, text.get_text()
            assert extent.x0 >= -1, text.get_text()
    assert ax.get_title() == ""
    pd.testing.assert_frame_equal(table, before)


def test_the_end_of_the_fit_is_marked() -> None:
    ax = draw_tracking(TRACKING, words=Words("en"))
    assert {"actual", "expected", "seen by the model"} <= set(said(ax))
    expected, actual, boundary = ax.lines
    assert list(actual.get_ydata()) == TRACKING["actual"].tolist()
    assert list(expected.get_ydata()) == TRACKING["expected"].tolist()
    day = boundary.get_xdata()[0]
    assert pd.Timestamp(day) == TRACKING.loc[13, "date"]


def test_marks_stand_at_what_each_model_expected() -> None:
    ax = draw_conditional(CLASSES, words=Words("en"), models=MODELS)
    assert [bar.get_height() for bar in ax.patches] == CLASSES["actual_orders"].tolist()
    drawn = [line.get_ydata().tolist() for line in ax.lines if len(line.get_ydata()) == len(CLASSES)]
    assert drawn == [CLASSES[code].tolist() for code in MODELS]
    assert {"MBG/NBD", "BG/NBD", "Pareto/NBD", "2–3", "16+"} <= set(said(ax))


def test_the_strongest_and_the_weakest_month_have_their_figure() -> None:
    ax = draw_seasons(SEASONS, words=Words("en"))
    assert {"1.40", "0.60", "Sep"} <= set(said(ax))
    assert [bar.get_height() for bar in ax.patches] == SEASONS["season_index"].tolist()


def test_accounts_stand_with_their_interval() -> None:
    ax = draw_accounts(ACCOUNTS, words=Words("en", currency="CNY"))
    assert {"¥2.6m", "¥1.2m", "Spindlepath Trading"} <= set(said(ax))
    ends = [segment[:, 0].tolist() for line in ax.collections for segment in line.get_segments()]
    assert ends == ACCOUNTS[["clv_low", "clv_high"]].to_numpy().tolist()
