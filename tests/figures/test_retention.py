"""Do the figures of the page on retention show their data, with labels that stay on the page?"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from kalib.figures import retention as figures
from kalib.figures import style
from kalib.topics import retention as topic
from kalib.topics import retention_spells as spells
from kalib.words import Words

AS_OF = dt.date(2026, 6, 30)
WORDS = [Words("en"), Words("zh")]


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts if text.get_text()]


def within(ax: Axes) -> bool:
    """Say whether all words of a figure lie on it."""
    figure = ax.get_figure(root=True)
    figure.draw_without_rendering()
    box = figure.bbox
    shown = [t for t in (*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels()) if t.get_text()]
    return all(box.x0 - 1 <= t.get_window_extent().x0 and t.get_window_extent().x1 <= box.x1 + 1 for t in shown)


@pytest.fixture(scope="module")
def curve() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    table = pd.DataFrame({"days": rng.integers(1, 700, 300), "returned": rng.random(300) < 0.8})
    return spells.build_curves(table, pd.Series(rng.integers(1, 5, 300)), least=1)


@pytest.fixture(scope="module")
def months() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    rows = pd.DataFrame({"c": rng.integers(0, 400, 6000), "m": rng.integers(0, 36, 6000)}).drop_duplicates()
    rows = rows[rows["m"] >= rows["c"] % 30]
    start = [pd.Timestamp("2023-07-01") + pd.DateOffset(months=int(m)) for m in rows["m"]]
    return pd.DataFrame({"customer_id": rows["c"].astype(str), "month": start, "orders": 1, "net_sales": 100.0})


@pytest.mark.parametrize("words", WORDS, ids=["en", "zh"])
@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
def test_everything_stays_on_the_page(curve: pd.DataFrame, months: pd.DataFrame, words: Words, width: int) -> None:
    one = curve[curve["group"] == 1]
    names = {
        group: words.code("retention_number", number) for group, number in zip((4, 3, 2, 1), (10, 5, 3, 1), strict=True)
    }
    cohorts = topic.build_cohorts(months, as_of=AS_OF)
    kept = topic.list_kept(months, cohorts, as_of=AS_OF).assign(period_months=3)
    with style.sheet(words):
        assert within(figures.draw_back(one, words=words, ax=style.new_axes(width, 320)))
        assert within(figures.draw_back_by(curve, names, words=words, ax=style.new_axes(width, 360)))
        for column in ("active_share", "net_sales_ratio"):
            assert within(figures.draw_triangle(cohorts, column, words=words, ax=style.new_axes(width, 400)))
        assert within(figures.draw_kept(kept, words=words, ax=style.new_axes(width, 300)))


def test_the_curve_says_what_is_left(curve: pd.DataFrame) -> None:
    one = curve[curve["group"] == 1]
    ax = figures.draw_back(one, words=Words("en"))
    at_year = one[one["days"] <= 365].iloc[-1]
    back = Words("en").show(at_year["back_share"], "percent")
    assert f"{back} back, {Words('en').show(1 - at_year['back_share'], 'percent')} still away" in texts(ax)
    drawn = ax.lines[0].get_ydata()
    assert drawn[-1] == at_year["back_share"]
    assert ax.get_xlim() == (0, 365)


def test_each_line_has_its_name(curve: pd.DataFrame) -> None:
    ax = figures.draw_back_by(curve, {1: "one", 2: "two", 3: "three", 4: "four"}, words=Words("en"))
    named = [text for text in ax.texts if " · " in text.get_text()]
    assert sorted(text.get_text().split(" ")[0] for text in named) == ["four", "one", "three", "two"]
    places = sorted(text.xy[1] for text in named)
    assert min(np.diff(places)) > 0.05  # apart enough to be read


def test_the_triangle_shows_finished_periods_after_the_first(months: pd.DataFrame) -> None:
    cohorts = topic.build_cohorts(months, as_of=AS_OF)
    ax = figures.draw_triangle(cohorts, "active_share", words=Words("en"))
    shown = cohorts[cohorts["is_finished"] & cohorts["period"].between(1, 15)]
    assert len(texts(ax)) == len(shown)
    assert texts(ax)[0] == Words("en").show(shown["active_share"].iloc[0] * 100, "count")
    narrow = figures.draw_triangle(cohorts, "active_share", words=Words("en"), ax=style.new_axes(style.NARROW, 400))
    assert [tick.get_text() for tick in narrow.get_xticklabels()] == ["1", "4", "8"]


def test_cohorts_of_old_customers_are_marked(months: pd.DataFrame) -> None:
    cohorts = topic.build_cohorts(months, as_of=AS_OF)
    marked = cohorts.assign(may_be_older=cohorts["cohort_start"] == dt.date(2023, 7, 1))
    ax = figures.draw_triangle(marked, "active_share", words=Words("en"))
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert [name.split(" · ")[0] for name in names[:2]] == ["Q3 2023 *", "Q4 2023"]
