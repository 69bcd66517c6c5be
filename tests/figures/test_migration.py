"""Do the figures of moves say what their tables hold, inside the page?"""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import matplotlib
import pandas as pd
import pytest
from matplotlib.axes import Axes

from kalib.figures import style
from kalib.figures.migration import draw_bridge, draw_flows, draw_matrix, draw_periods
from kalib.words import Words

TIERS = ("strategic", "key", "growth", "standard", "tail")
BEFORE, NOW = (*TIERS, "silent", "new"), (*TIERS, "silent")


def move_of(i: int, j: int) -> str:
    if BEFORE[i] == "new":
        return "new"
    if BEFORE[i] == "silent":
        return "silent" if NOW[j] == "silent" else "returned"
    if NOW[j] == "silent":
        return "lost"
    return "promoted" if j < i else "demoted" if j > i else "stayed"


def make_places(counts: list[list[int]], money: float) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "place_before": BEFORE[i],
                "place_now": NOW[j],
                "at_before": i,
                "at_now": j,
                "move": move_of(i, j),
                "customers": counts[i][j],
                "net_sales_moved": counts[i][j]
                * money
                * (1 if move_of(i, j) in ("promoted", "new", "returned") else -1),
            }
            for i in range(len(BEFORE))
            for j in range(len(NOW))
        ]
    )


PLACES = make_places([[9 + 17 * i + j if (i + j) % 4 else 0 for j in range(6)] for i in range(7)], 98_765.0)
LARGE = make_places([[12_948 if i == j else 1_234 for j in range(6)] for i in range(7)], 9_876.0)
BRIDGE = pd.DataFrame(
    {
        "move": ["promoted", "demoted", "new", "returned", "lost", "stayed", "silent"],
        "customers": [115, 117, 171, 1, 138, 471, 339],
        "net_sales_365_days_before": [4.8e6, 12.0e6, 0, 0, 7.4e6, 66.7e6, 0.1e6],
        "net_sales_365_days": [11.5e6, 4.7e6, 5.8e6, 998, 0, 76.0e6, 0],
        "net_sales_moved": [6.7e6, -7.3e6, 5.8e6, 998, -7.4e6, 9.3e6, -0.1e6],
    }
)
FALLING = BRIDGE.assign(net_sales_365_days=0.0, net_sales_moved=-BRIDGE["net_sales_365_days_before"])
PERIODS = pd.DataFrame(
    {
        "as_of": [dt.date(2025, 9, 30), dt.date(2025, 12, 30), dt.date(2026, 3, 31), dt.date(2026, 6, 30)],
        "promoted_share": [0.101, 0.087, 0.0, 0.085],
        "demoted_share": [0.091, 0.104, 0.09, 0.061],
        "promoted_net_sales_share": [0.028, 0.034, float("nan"), 0.029],
        "demoted_net_sales_share": [0.05, 0.075, 0.045, 0.043],
    }
)
DRAWN = [
    *((draw_matrix, PLACES, 460), (draw_matrix, LARGE, 460), (draw_flows, PLACES, 500), (draw_flows, LARGE, 500)),
    *((draw_bridge, BRIDGE, 360), (draw_bridge, FALLING, 360), (draw_periods, PERIODS, 380)),
]


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
@pytest.mark.parametrize(("draw", "table", "height"), DRAWN, ids=lambda value: getattr(value, "__name__", ""))
def test_everything_stays_inside_the_page(
    draw: object, table: pd.DataFrame, height: int, language: str, width: int
) -> None:
    words, before = Words(language, currency="GBP"), table.copy(deep=True)
    with style.sheet(words):
        settings = {**matplotlib.rcParams, "backend": ""}
        figure = draw(table, words=words, ax=style.new_axes(width, height)).figure
        assert {**matplotlib.rcParams, "backend": ""} == settings
        figure.draw_without_rendering()
        box = figure.get_tightbbox()
    assert box.x0 * 72 > -1
    assert box.x1 * 72 < width + 1
    assert box.y0 * 72 > -1
    assert box.y1 * 72 < height + 1
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize("table", [PLACES, LARGE], ids=["some", "large"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_cells_of_a_narrow_matrix_hold_their_words(language: str, table: pd.DataFrame) -> None:
    words = Words(language, currency="GBP")
    with style.sheet(words):
        ax = draw_matrix(table, words=words, ax=style.new_axes(style.NARROW, 460))
        ax.figure.draw_without_rendering()
    cell = ax.get_window_extent().width / 6
    for text in ax.texts[:-1]:
        assert text.get_window_extent().width < cell + 1, text.get_text()
    heads = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(one.x1 < other.x0 for one, other in pairwise(heads))


def test_the_matrix_says_who_moved_with_a_sign() -> None:
    ax = draw_matrix(PLACES, words=Words(currency="GBP"))
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        *("Strategic", "Core", "Growth", "Standard", "Tail", "No order in the year")
    ]
    assert texts(ax)[:2] == ["▼ 10", "−£988k"]
    promoted = PLACES[(PLACES["move"] == "promoted") & (PLACES["customers"] > 0)].iloc[0]
    assert f"▲ {promoted.customers}" in texts(ax)
    filled = dict(zip(PLACES.index, ax.patches, strict=True))
    assert filled[promoted.name].get_facecolor()[:3] == matplotlib.colors.to_rgb(style.ACCENT)
    assert filled[1].get_facecolor()[:3] == matplotlib.colors.to_rgb(style.ALERT)
    stayed = PLACES.index[(PLACES["move"] == "stayed") & (PLACES["customers"] > 0)][0]
    assert filled[stayed].get_facecolor()[:3] == matplotlib.colors.to_rgb(style.WASH)


def test_flows_are_as_high_as_they_have_accounts() -> None:
    ax = draw_flows(PLACES, words=Words(currency="GBP"))
    shown = PLACES[(PLACES["customers"] > 0) & (PLACES["move"] != "silent")].sort_values(["at_before", "at_now"])
    bands = ax.patches[: len(shown)]
    heights = [band.get_path().vertices[-2][1] - band.get_path().vertices[0][1] for band in bands]
    assert heights == pytest.approx(shown["customers"].tolist())
    assert texts(ax)[0] == f"Strategic · {PLACES.loc[PLACES['at_before'] == 0, 'customers'].sum()}"
    blocks = ax.patches[len(shown) :]
    assert sum(block.get_height() for block in blocks) == 2 * shown["customers"].sum()


@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
@pytest.mark.parametrize("table", [PLACES, LARGE], ids=["some", "large"])
def test_labels_of_flows_do_not_cover_each_other(table: pd.DataFrame, width: int) -> None:
    words = Words("en", currency="GBP")
    table = table.assign(customers=table["customers"].where(table["place_before"] != "silent", 0))
    table.loc[table["place_before"].eq("silent") & table["place_now"].eq("tail"), "customers"] = 1
    with style.sheet(words):
        ax = draw_flows(table, words=words, ax=style.new_axes(width, 520))
        ax.figure.draw_without_rendering()
    for side in ("right", "left"):
        boxes = [text.get_window_extent() for text in ax.texts if text.get_ha() == side]
        boxes.sort(key=lambda box: -box.y1)
        assert all(upper.y0 > lower.y1 - 1 for upper, lower in pairwise(boxes))


def test_the_bridge_adds_up() -> None:
    ax = draw_bridge(BRIDGE, words=Words(currency="GBP"))
    bars = ax.patches
    assert bars[0].get_width() == pytest.approx(BRIDGE["net_sales_365_days_before"].sum())
    assert bars[-1].get_width() == pytest.approx(BRIDGE["net_sales_365_days"].sum())
    last = bars[-2]
    assert last.get_x() + last.get_width() == pytest.approx(bars[-1].get_width())
    assert texts(ax)[:2] == ["£91.0m", "+£9.3m"]
    assert [label.get_text() for label in ax.get_yticklabels()][1] == "Stayed in their tier (471)"


def test_periods_have_up_and_down_of_accounts_and_of_money() -> None:
    ax = draw_periods(PERIODS, words=Words())
    panels = ax.figure.axes[1:]
    assert texts(panels[0])[:2] == ["▲ 10.1%", "▼ 9.1%"]
    assert texts(panels[1])[4:6] == ["▲ 0.0%", "▼ 4.5%"]
    assert panels[0].get_yticklabels()[0].get_text() == "to Sept 2025"
