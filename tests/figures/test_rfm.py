"""Do the RFM figures say what their tables hold, inside the page and in colours that can be read?"""

from __future__ import annotations

import matplotlib
import pandas as pd
import pytest
from matplotlib.axes import Axes

from kalib.figures import style
from kalib.figures.rfm import draw_rfm_cells, draw_segments
from kalib.words import Words

CELLS = pd.DataFrame(
    [(r, f, 0 if (r, f) == (1, 5) else 10 * r + f, 1.0, 0.0) for r in range(5, 0, -1) for f in range(1, 6)],
    columns=["r_score", "f_score", "customers", "net_sales", "net_sales_share"],
)
CELLS.loc[CELLS["customers"] == 55, "net_sales_share"] = 0.49
CELLS.loc[CELLS["customers"] == 54, "net_sales_share"] = 0.004
SEGMENTS = pd.DataFrame(
    {
        "segment": ["champions", "loyal", "cant_lose_them", "lost"],
        "customers_share": [0.15, 0.25, 0.1, 0.5],
        "net_sales_share": [0.7, 0.2, 0.09, 0.01],
    }
)


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def stays_inside(ax: Axes) -> bool:
    figure = ax.figure
    figure.draw_without_rendering()
    box = figure.get_tightbbox()
    return box.x0 * 72 > -1 and box.x1 * 72 < figure.bbox.width + 1 and box.y0 * 72 > -1


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
def test_everything_stays_inside_the_page(language: str, width: int) -> None:
    words = Words(language, currency="GBP")
    with style.sheet(words):
        before = {**matplotlib.rcParams, "backend": ""}
        assert stays_inside(draw_rfm_cells(CELLS, words=words, ax=style.new_axes(width, 340)))
        assert stays_inside(draw_segments(SEGMENTS, words=words, ax=style.new_axes(width, 200)))
        assert {**matplotlib.rcParams, "backend": ""} == before


def test_each_cell_says_its_customers_and_share() -> None:
    ax = draw_rfm_cells(CELLS, words=Words())
    assert len(ax.patches) == 25
    assert {"55 · 49%", "54 · 0.4%", "11 · 0%"} <= set(texts(ax))
    assert len(texts(ax)) == 24  # the empty cell says nothing
    assert not ax.get_title()


def test_dark_cells_have_light_text() -> None:
    ax = draw_rfm_cells(CELLS, words=Words())
    colours = {text.get_text(): text.get_color() for text in ax.texts}
    assert colours["55 · 49%"] == style.PAPER
    assert colours["54 · 0.4%"] == style.INK


def test_segments_say_both_shares_and_mark_the_risk() -> None:
    ax = draw_segments(SEGMENTS, words=Words())
    assert texts(ax) == ["15% of customers", "70% of net sales", "25%", "20%", "10%", "9%", "50%", "1%"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Champions", "Loyal", "Can't lose them", "Lost"]
    alert = matplotlib.colors.to_rgba(style.ALERT)
    assert [bar.get_facecolor() == alert for bar in ax.patches] == [False] * 5 + [True] + [False] * 2


def test_the_chinese_cells_have_their_names() -> None:
    eight = SEGMENTS.assign(segment_8=["important_value", "important_keep", "general_value", "general_winback"])
    with style.sheet():
        ax = draw_segments(eight.drop(columns="segment"), words=Words("zh"), ax=style.new_axes())
    assert [label.get_text() for label in ax.get_yticklabels()][:2] == ["重要价值客户", "重要保持客户"]


def test_absent_shares_are_drawn_as_none() -> None:
    assert len(draw_segments(SEGMENTS.assign(net_sales_share=float("nan")), words=Words()).patches) == 8
    assert len(draw_rfm_cells(CELLS.assign(net_sales_share=float("nan")), words=Words()).patches) == 25
