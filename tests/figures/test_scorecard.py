"""Does the heat map say what its table holds, inside the page and in colours that can be read?"""

from __future__ import annotations

import pandas as pd
import pytest

from kalib.figures import style
from kalib.figures.scorecard import draw_criteria
from kalib.words import Words
from tests.figures.test_rfm import stays_inside, texts

CRITERIA = ["purchasing_power", "loyalty", "profit", "potential", "influence", "satisfaction", "risk"]
TABLE = pd.DataFrame(
    [
        (place, name, criterion, None if (place, at) == (1, 4) else (at + 1) / 8, 0.7 - place / 10)
        for place, name in enumerate(
            ["Sundialwell Homeware 晷井家居", "Yarrowpath College of the Far Riverside 蓍径学院", "鹊"]
        )
        for at, criterion in enumerate(CRITERIA)
    ],
    columns=["place", "name", "criterion", "criterion_score", "key_account_score"],
)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
def test_everything_stays_inside_the_page(language: str, width: int) -> None:
    words = Words(language)
    with style.sheet(words):
        assert stays_inside(draw_criteria(TABLE, words=words, ax=style.new_axes(width, 200)))


def test_each_cell_says_its_score_and_a_dash_what_is_not_known() -> None:
    ax = draw_criteria(TABLE, words=Words())
    assert len(ax.patches) == 20
    said = texts(ax)
    assert said.count("–") == 1
    assert {"12", "88", "70", "60", "50"} <= set(said)
    assert [label.get_text() for label in ax.get_xticklabels()][-2:] == ["Low risk", "Score"]
    assert not ax.get_title()


def test_dark_is_good_and_text_can_be_read_on_it() -> None:
    ax = draw_criteria(TABLE[TABLE["place"] == 0], words=Words())
    colours = [patch.get_facecolor() for patch in ax.patches]
    assert sum(colours[0][:3]) > sum(colours[-1][:3])
    assert {text.get_color() for text in ax.texts} >= {style.PAPER, style.INK}
