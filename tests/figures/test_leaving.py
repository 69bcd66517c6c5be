"""Does the figure of definitions say who is gone by which, at both widths and in both languages?"""

from __future__ import annotations

import pandas as pd
import pytest

from kalib.figures import style
from kalib.figures.leaving import draw_combinations
from kalib.words import Words

COMBINATIONS = pd.DataFrame(
    {
        "no_order": [True, True, False, False],
        "own_rhythm": [True, False, False, False],
        "spend_fell": [True, True, False, False],
        "customers": [65, 44, 9, 534],
        "customers_share": [0.0997, 0.0675, 0.0138, 0.819],
        "net_sales_365_days": [10.0, 20.0, 1.0, 900.0],
        "is_rest": [False, False, True, False],
    }
)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
def test_dots_bars_and_labels(width: int, language: str) -> None:
    words = Words(language)
    before = COMBINATIONS.copy(deep=True)
    with style.sheet(words):
        ax = draw_combinations(COMBINATIONS, words=words, ax=style.new_axes(width, 260))
        ax.figure.canvas.draw()
    pd.testing.assert_frame_equal(COMBINATIONS, before)
    assert [bar.get_width() for bar in ax.patches] == [65, 44, 9, 534]
    texts = {text.get_text(): text for text in ax.texts}
    assert "65 · 10%" in texts
    assert "534 · 82%" in texts
    assert words("leaving.combinations.rest") in texts
    for name in ("no_order", "own_rhythm", "spend_fell"):
        assert words.code("leaving_short", name) in texts
    dark = [line for line in ax.lines if line.get_color() == style.ACCENT]
    assert [len(line.get_xdata()) for line in dark] == [3, 2, 0]  # gone by three, by two, by none; the rest has no dots
    canvas = ax.figure.bbox
    for text in ax.texts:
        box = text.get_window_extent()
        assert box.x0 >= canvas.x0 - 1, text.get_text()
        assert box.x1 <= canvas.x1 + 1, text.get_text()
        assert box.y1 <= canvas.y1 + 1, text.get_text()


def test_one_row_only() -> None:
    words = Words("en")
    ax = draw_combinations(COMBINATIONS.tail(1).reset_index(drop=True), words=words)
    assert [bar.get_width() for bar in ax.patches] == [534]
