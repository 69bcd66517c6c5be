"""Do the figures on concentration say what their tables hold, inside the page and in colours that can be read?"""

from __future__ import annotations

from collections.abc import Callable

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from kalib.figures import style
from kalib.figures.pareto import draw_groups, draw_matrix, draw_pareto_curve, draw_whale_curve
from kalib.words import Words

NAN = float("nan")
CURVE = pd.DataFrame(
    [(0, 0, 0, "A", NAN, NAN), (3, 0.3, 0.8, "A", 3, 0.8), (6, 0.6, 0.95, "B", 3, 0.15), (10, 1, 1, "C", 4, 0.05)],
    columns=["accounts", "accounts_share", "cumulative_share", "abc_class", "class_accounts", "class_share"],
)
EQUAL = CURVE.iloc[[0, 3]].assign(abc_class="A", class_accounts=[NAN, 10], class_share=[NAN, 1])
WHALE = pd.DataFrame(
    {
        "accounts": [0, 1, 2, 3],
        "accounts_share": [0, 1 / 3, 2 / 3, 1],
        "cumulative_profit": [0.0, 900, 1_200, 700],
        "is_peak": [False, False, True, False],
    }
)
MATRIX = pd.DataFrame(
    [(abc, xyz, 12, 0.1, 1.0, 0.1) for abc in "ABC" for xyz in ("X", "Y", "Z", "unknown")],
    columns=["abc_class", "xyz_class", "accounts", "accounts_share", "net_sales", "net_sales_share"],
)
MATRIX.loc[0, ["accounts", "net_sales_share"]] = [93, 0.51]
MATRIX.loc[11, ["accounts", "net_sales_share"]] = [0, 0.0]
GROUPS = pd.DataFrame(
    [
        ("industry", "hotel", 0.6, 12),
        ("industry", "unknown", 0.4, 0),
        ("region", "East and a very long way beyond", 0.7, 11),
        ("region", "West", 0.3, 1),
        ("kind", "business", 1.0, 12),
    ],
    columns=["dimension", "group", "net_sales_share", "class_a_accounts"],
)
DRAWN: list[tuple[Callable[..., Axes], pd.DataFrame]] = [
    (draw_pareto_curve, CURVE),
    (draw_pareto_curve, EQUAL),
    (draw_whale_curve, WHALE),
    (draw_whale_curve, WHALE.head(3)),
    (draw_whale_curve, WHALE.assign(cumulative_profit=[0.0, 50, 60, -9_000])),
    (draw_whale_curve, WHALE.assign(cumulative_profit=[0.0, -50, -60, -9_000], is_peak=[True, False, False, False])),
    (draw_matrix, MATRIX),
    (draw_groups, GROUPS),
    (draw_groups, GROUPS.tail(1)),
]


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
@pytest.mark.parametrize(("draw", "table"), DRAWN, ids=lambda value: getattr(value, "__name__", ""))
def test_everything_stays_inside_the_page(
    draw: Callable[..., Axes], table: pd.DataFrame, width: int, language: str
) -> None:
    words = Words(language, currency="GBP")
    with style.sheet(words):
        before = {**matplotlib.rcParams, "backend": ""}
        ax = draw(table, words=words, ax=style.new_axes(width, 340))
        ax.figure.draw_without_rendering()
        box = ax.figure.get_tightbbox()
        assert box.x0 * 72 > -1
        assert box.x1 * 72 < width + 1
        assert box.y0 * 72 > -1
        assert {**matplotlib.rcParams, "backend": ""} == before


def test_the_curve_names_its_classes_where_they_end() -> None:
    ax = draw_pareto_curve(CURVE, words=Words())
    said = {text.get_text(): text.xy for text in ax.texts}
    assert said["A · 3 accounts, 80% of net sales"] == (0.3, 0.8)
    assert said["B · 3 accounts, 15% of net sales"] == (0.6, 0.95)
    assert said["C · 4 accounts, 5.0% of net sales"] == (1, 1)
    assert not ax.get_title()
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), CURVE["cumulative_share"])


@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
def test_the_names_of_the_classes_do_not_cover_each_other(width: int) -> None:
    for b_at in (0.45, 0.6, 0.68, 0.8):
        curve = CURVE.assign(accounts_share=[0, 0.25, b_at, 1])
        with style.sheet():
            ax = draw_pareto_curve(curve, words=Words(), ax=style.new_axes(width, 400 if width == style.WIDE else 340))
        ax.figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in ax.texts if "·" in text.get_text()]
        assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[i + 1 :]), b_at


def test_what_falls_behind_the_peak_is_red_and_said() -> None:
    ax = draw_whale_curve(WHALE, words=Words("en", currency="GBP"))
    assert texts(ax)[:2] == ["Peak: 2 accounts earn £1.2k", "1 account takes £500 off it, leaving £700"]
    assert ax.lines[1].get_color() == style.ALERT
    assert len(ax.lines[1].get_xdata()) == 2
    assert "takes" not in " ".join(texts(draw_whale_curve(WHALE.head(3), words=Words())))


def test_each_cell_of_the_matrix_says_its_accounts_and_share() -> None:
    ax = draw_matrix(MATRIX, words=Words())
    assert len(ax.patches) == 12
    assert len(ax.texts) == 11  # the empty cell says nothing
    colours = {text.get_text(): text.get_color() for text in ax.texts}
    assert colours["93 accounts · 51%"] == style.PAPER
    assert [label.get_text() for label in ax.get_yticklabels()] == ["A", "B", "C"]


def test_each_group_has_a_bar_and_what_is_unknown_says_so() -> None:
    panels = draw_groups(GROUPS, words=Words()).figure.axes[1:]
    assert [panel.get_title(loc="left") or panel.get_title() for panel in panels] == ["Industry", "Region", "Kind"]
    assert texts(panels[0]) == ["60% · 12 A", "40% · 0 A"]
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["hotel", "not known"]
    assert [bar.get_width() for bar in panels[1].patches] == [0.7, 0.3]
    assert len({panel.get_xlim() for panel in panels}) == 1  # one scale for all
    with style.sheet():
        narrow = draw_groups(GROUPS, words=Words(), ax=style.new_axes(style.NARROW, 300))
    assert [label.get_text() for label in narrow.get_yticklabels()][:3] == ["Industry", "hotel", "not known"]
    assert len(narrow.patches) == 5
