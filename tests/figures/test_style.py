"""Is the house's style legible, complete and repeatable?"""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path

import matplotlib
import pytest
from matplotlib.font_manager import FontProperties, findfont, get_font

from kalib.figures import style
from kalib.words import Words

PAGE = (Path(style.__file__).parents[1] / "publish" / "templates" / "page.css").read_text(encoding="utf-8")


def _luminance(colour: str) -> float:
    colour = "#" + "".join(c * 2 for c in colour[1:]) if len(colour) == 4 else colour
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2, relative luminance)."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _modes() -> dict[str, dict[str, str]]:
    """Read both modes' colours from the page's style sheet."""
    light, dark = PAGE.split("@media screen and (prefers-color-scheme:dark)")
    light_colours = dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})", light))
    dark_colours = dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})", dark.split("}}")[0]))
    return {"light": light_colours, "dark": {**light_colours, **dark_colours}}


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_can_be_read_in_both_modes(mode: str) -> None:
    colours = _modes()[mode]
    for name in ("ink", "soft", "accent", "alert", "good"):
        assert _contrast(colours[name], colours["paper"]) >= 4.5, name
    for step in (*style.STEPS, style.ALERT, style.GOOD):
        text = style.VARIABLES[style.text_on(step)]
        assert _contrast(colours[style.VARIABLES[step]], colours[text]) >= 4.5, step


def test_the_page_names_every_colour_of_the_figures_alike() -> None:
    light, dark = _modes().values()
    for colour, name in style.VARIABLES.items():
        short = "#" + "".join(light[name][1:2]) * 3 if light[name] == "#fff" else light[name]
        assert colour in (light[name], short, "#ffffff" if light[name] == "#fff" else "")
        assert name in dark


@pytest.mark.parametrize("weight", [400, 500, 600, "bold"])
def test_the_font_has_what_the_words_use(weight: int | str) -> None:
    with warnings.catch_warnings(action="error"):
        file = findfont(FontProperties(family=style.FAMILY, weight=weight), fallback_to_default=False)
    known = get_font(file).get_charmap()
    words = "".join(map(str, Words("zh")._texts.values())) + "".join(map(str, Words("en")._texts.values()))
    missing = {c for c in words + "→−–≥≤¥£€▲▼·×“”’…" if ord(c) not in known and not c.isspace()}
    assert not missing


def test_chinese_is_drawn_without_a_warning_and_twice_alike(recwarn: pytest.WarningsRecorder) -> None:
    def draw() -> str:
        with style.sheet(Words("zh", currency="CNY")):
            ax = style.new_axes(style.NARROW, 200)
            ax.plot([0, 1], [0, 1])
            ax.text(0.2, 0.5, "重点客户 A → B · ¥1,235万 $1 $2", weight=600)
            buffer = io.StringIO()
            ax.figure.savefig(buffer, format="svg", metadata={"Date": None})
            return buffer.getvalue()

    first = draw()
    assert first == draw()
    assert not [w for w in recwarn if "lyph" in str(w.message)]
    assert "<text" not in first  # paths: the reader needs no font


def test_the_sheet_leaves_matplotlib_as_it_was() -> None:
    before = {name: value for name, value in matplotlib.rcParams.items() if name != "backend"}  # chosen when asked for
    with style.sheet(Words("en")):
        assert matplotlib.rcParams["axes.spines.top"] is False
    assert {name: value for name, value in matplotlib.rcParams.items() if name != "backend"} == before


def test_ticks_speak_the_readers_language_and_name_their_unit_once() -> None:
    words = Words("zh", currency="CNY")
    ax = style.new_axes()
    ax.set_ylim(0, 1)
    ax.set_yticks([0, 0.5, 1])
    style.show_ticks(ax.yaxis, words, "percent", unit="净销售额")
    style.show_ticks(ax.xaxis, words, "short", unit="每年")
    ax.figure.canvas.draw()
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["0%", "50%", "100%"]
    assert [text.get_text() for text in ax.texts] == ["净销售额"]
    assert ax.get_xlabel() == "每年"


def test_six_ordered_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="1 to 5 colours, not 6"):
        style.steps(6)


@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_a_rare_character_of_a_name_is_drawn_where_the_machine_has_it(weight: str) -> None:
    """鸻 is not in GB 2312; a box in a customer's name would embarrass us."""
    with style.sheet(Words("zh")), warnings.catch_warnings():
        warnings.simplefilter("error")
        if len(matplotlib.rcParams["font.family"]) < 3:
            pytest.skip("needs a Chinese font of the system, such as fonts-noto-cjk")
        ax = style.new_axes(358, 100)
        ax.text(0, 0, "鸻径商贸", weight=weight)
        ax.get_figure().savefig(io.BytesIO(), format="svg")
