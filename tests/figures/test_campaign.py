"""Do the figures of the page on campaigns show where acting stops paying, with labels that stay on the page?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from kalib.figures import campaign as figures
from kalib.figures import style
from kalib.topics import campaign as topic
from kalib.words import Words


@pytest.fixture(scope="module")
def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(6)
    ids = [f"c{at:03}" for at in range(800)]
    churn = pd.DataFrame({"customer_id": ids, "churn_probability": rng.beta(1, 5, 800)})
    return churn, pd.DataFrame({"customer_id": ids, "value_at_stake": rng.lognormal(8, 1.6, 800)})


def within(ax: Axes) -> bool:
    figure = ax.get_figure(root=True)
    figure.draw_without_rendering()
    box = figure.bbox
    low, high = ax.get_ylim()
    ticks = [tick for tick, at in zip(ax.get_yticklabels(), ax.get_yticks(), strict=True) if low <= at <= high]
    shown = [t for t in (*ax.texts, *ax.get_xticklabels(), *ticks) if t.get_text()]
    return all(box.x0 - 1 <= t.get_window_extent().x0 and t.get_window_extent().x1 <= box.x1 + 1 for t in shown)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
@pytest.mark.parametrize("cost", [1.0, 150.0, 5000.0])
def test_everything_stays_on_the_page(
    tables: tuple[pd.DataFrame, pd.DataFrame], language: str, width: int, cost: float
) -> None:
    words = Words(language, currency="CNY")
    table = topic.build_campaign(*tables, success_rate=0.2, cost=cost)
    with style.sheet(words):
        assert within(figures.draw_gain(topic.summarise_gain(table), words=words, ax=style.new_axes(width, 360)))
        assert within(figures.draw_needs(topic.summarise_needs(table), words=words, ax=style.new_axes(width, 340)))
        assert within(figures.draw_worth(topic.summarise_sizes(table), words=words, ax=style.new_axes(width, 320)))


def test_red_begins_at_the_peak(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    curve = topic.summarise_gain(topic.build_campaign(*tables, success_rate=0.2, cost=150.0))
    ax = figures.draw_gain(curve, words=Words("en"))
    red = next(line for line in ax.lines if to_hex(line.get_color()) == style.ALERT)
    peak = curve[curve["is_peak"]].iloc[0]
    assert (red.get_xdata()[0], red.get_ydata()[0]) == (peak["accounts"], peak["gain"])
    assert any(text.get_text().startswith(f"{peak['accounts']:,} accounts") for text in ax.texts)


def test_the_needs_say_how_many_pay(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    needs = topic.summarise_needs(topic.build_campaign(*tables, cost=150.0))
    ax = figures.draw_needs(needs, words=Words("en"))
    at = int(needs.loc[needs["needed_rate"] <= 0.2, "accounts"].iloc[-1])
    assert f"20% success: {at} accounts" in [text.get_text() for text in ax.texts]
