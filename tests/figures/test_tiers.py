"""Do the tier figures say what their tables hold, inside the page?"""

from __future__ import annotations

import matplotlib
import pandas as pd
import pytest
from matplotlib.axes import Axes

from kalib.figures import style
from kalib.figures.tiers import draw_tier_choice, draw_tier_map, draw_tiers
from kalib.words import Words

CHOICE = pd.DataFrame(
    {
        "tier_count": [3, 4, 5],
        "silhouette": [0.44, 0.40, -0.02],
        "agreement": [0.7, 0.93, 0.8],
        "smallest_tier_share": [0.2, 0.1, 0.008],
        "chosen": [False, True, False],
    }
)
SUMMARY = pd.DataFrame(
    {
        "tier": ["strategic", "standard", "tail"],
        "customers": [88, 340, 671],
        "customers_share": [0.08, 0.31, 0.61],
        "net_sales_365_days": [60e6, 30e6, 10e6],
        "net_sales_365_days_share": [0.6, 0.3, 0.1],
    }
)
CUSTOMERS = pd.DataFrame(
    {
        "tier": ["strategic"] * 3 + ["standard"] * 3 + ["tail"] * 3,
        "tier_rank": [1] * 3 + [2] * 3 + [3] * 3,
        "net_sales_365_days": [900_000.0, 500_000, 100_000, 9_000, 8_000, 7_000, 900, 50, 20],
        "orders_365_days": [90, 50, 20, 9, 8, 5, 2, 1, 1],
    }
)
DRAWN = [(draw_tier_choice, CHOICE, 300), (draw_tiers, SUMMARY, 200), (draw_tier_map, CUSTOMERS, 400)]


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
@pytest.mark.parametrize(("draw", "table", "height"), DRAWN, ids=lambda value: getattr(value, "__name__", ""))
def test_everything_stays_inside_the_page(
    draw: object, table: pd.DataFrame, height: int, language: str, width: int
) -> None:
    words = Words(language, currency="GBP")
    with style.sheet(words):
        before = {**matplotlib.rcParams, "backend": ""}
        figure = draw(table, words=words, ax=style.new_axes(width, height)).figure
        assert {**matplotlib.rcParams, "backend": ""} == before
        figure.draw_without_rendering()
    box = figure.get_tightbbox()
    assert box.x0 * 72 > -1
    assert box.x1 * 72 < width + 1
    assert box.y0 * 72 > -1


def test_each_criterion_has_its_panel_and_the_chosen_is_dark() -> None:
    ax = draw_tier_choice(CHOICE, words=Words())
    panels = ax.figure.axes[1:]
    assert [panel.get_title(loc="left") or panel.get_title() for panel in panels] == [
        "Separation (0 to 1)",
        "Agreement (0 to 1)",
        "Accounts in the smallest tier",
    ]
    assert [texts(panel) for panel in panels] == [
        ["0.44", "0.40", "-0.02"],
        ["0.70", "0.93", "0.80"],
        ["20.0%", "10.0%", "0.8%"],
    ]
    dark = matplotlib.colors.to_rgba(style.ACCENT)
    assert [bar.get_facecolor() == dark for bar in panels[0].patches] == [False, True, False]


def test_tiers_say_accounts_and_money() -> None:
    ax = draw_tiers(SUMMARY, words=Words(currency="GBP"))
    assert texts(ax)[:4] == ["8.0% of accounts · 88", "60% of net sales · £60.0m", "31% · 340", "30% · £30.0m"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Strategic", "Standard", "Tail"]


def test_the_map_names_its_tiers_and_darkens_upwards() -> None:
    ax = draw_tier_map(CUSTOMERS, words=Words(currency="GBP"))
    assert texts(ax)[:3] == ["Strategic", "Standard", "Tail"]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert sum(len(group.get_offsets()) for group in ax.collections) == len(CUSTOMERS)
    best = ax.collections[-1].get_facecolor()[0]
    assert tuple(best) == matplotlib.colors.to_rgba(style.ACCENT)


def test_without_shares_the_amounts_stand_alone() -> None:
    none = SUMMARY.assign(net_sales_365_days=[-5_000.0, -6_000, -7_000], net_sales_365_days_share=float("nan"))
    said = texts(draw_tiers(none, words=Words("en", currency="GBP")))
    assert "−£6.0k" in said
    assert not [text for text in said if "net sales" in text]
