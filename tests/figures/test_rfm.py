"""Do the RFM figures say what their tables hold, inside the page and in colours that can be read?"""

from __future__ import annotations

import matplotlib
import pandas as pd
import pytest
from matplotlib.axes import Axes

from kalib.figures import style
from kalib.figures.rfm import draw_rfm_cells, draw_segment_map, draw_segments
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
        "net_sales": [70_000.0, 20_000.0, 9_000.0, 10.0],
        "customers": [15, 25, 10, 50],
    }
)


def many_cells(recency: int, frequency: int) -> pd.DataFrame:
    rows = [
        (r, f, 10 * r, 1.0, 1 / (recency * frequency)) for r in range(recency, 0, -1) for f in range(1, frequency + 1)
    ]
    return pd.DataFrame(rows, columns=CELLS.columns)


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
        assert stays_inside(draw_segment_map(SEGMENTS, words=words, ax=style.new_axes(width, 340)))
        assert stays_inside(draw_rfm_cells(many_cells(10, 10), words=words, ax=style.new_axes(width, 660)))
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


def words_stay_in_their_tiles(ax: Axes) -> bool:
    """Say whether each text lies within the patch drawn just before it."""
    ax.figure.draw_without_rendering()
    inside = []
    for patch, text in zip(ax.patches, ax.texts, strict=True):
        if text.get_text():
            tile, said = patch.get_window_extent(), text.get_window_extent()
            inside.append(said.x0 >= tile.x0 - 1 and said.x1 <= tile.x1 + 1 and said.y0 >= tile.y0 - 1)
    return all(inside) and bool(inside)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
def test_words_stay_in_their_cells_and_tiles(language: str, width: int) -> None:
    words = Words(language, currency="CNY")
    with style.sheet(words):
        assert words_stay_in_their_tiles(draw_segment_map(SEGMENTS, words=words, ax=style.new_axes(width, 340)))
        for bins in ((2, 2), (3, 7), (10, 10)):
            ax = draw_rfm_cells(many_cells(*bins), words=words, ax=style.new_axes(width, 60 + 60 * bins[0]))
            assert words_stay_in_their_tiles(ax)
            assert len(ax.patches) == bins[0] * bins[1]


def test_the_ends_of_any_number_of_scores_are_named() -> None:
    ax = draw_rfm_cells(many_cells(3, 7), words=Words())
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1 · seldom", "2", "3", "4", "5", "6", "7 · often"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["1\nlong\nago", "2", "3\nrecent"]


def test_tiles_are_as_large_as_their_sales() -> None:
    ax = draw_segment_map(SEGMENTS, words=Words())
    sizes = [(patch.get_width() + 2) * (patch.get_height() + 2) for patch in ax.patches]
    assert [size / sum(sizes) for size in sizes] == pytest.approx([0.70700, 0.20200, 0.0909, 0.0001], abs=0.002)
    assert texts(ax)[0] == "Champions\n70.0k · 15 customers"
    assert texts(ax)[2].startswith("▼ Can't lose them")
    assert texts(ax)[3] == ""  # no room
    alert = matplotlib.colors.to_rgba(style.ALERT)
    assert [patch.get_facecolor() == alert for patch in ax.patches] == [False, False, True, False]


def test_a_segment_without_sales_has_no_tile() -> None:
    ax = draw_segment_map(SEGMENTS.assign(net_sales=[10.0, -5.0, 0.0, 30.0]), words=Words())
    assert [text.partition("\n")[0] for text in texts(ax)] == ["Lost", "Champions"]


def test_own_segments_are_red_where_all_of_them_went_quiet() -> None:
    own = SEGMENTS.assign(segment=["a", "b", "c", "d"], quiet_customers=[0, 25, 9, 0])
    ax = draw_segments(own, words=Words(names={"codes.segment.a": "The best"}))
    alert = matplotlib.colors.to_rgba(style.ALERT)
    assert [bar.get_facecolor() == alert for bar in ax.patches] == [False] * 3 + [True] + [False] * 4
    assert [label.get_text() for label in ax.get_yticklabels()][:2] == ["The best", "b"]
