"""Is everything that is told where it happens told in Chinese too?"""

from __future__ import annotations

import ast
import string
from importlib import resources
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import kalib
from kalib.words.told import Told, speaking, told

HOUSE = Path(kalib.__file__).parent


def sentences() -> dict[str, str]:
    """Return what is told, each sentence once, with the file that tells it, or its folder among the doubts."""
    found = {}
    for path in sorted(HOUSE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "told" and path.name != "told.py":
                assert isinstance(node.args[0], ast.Constant), f"{path.name}: a sentence is a literal, never made up"
                place = "doubts" if path.parent.name == "doubts" else path.name
                found.setdefault(node.args[0].value, place)
    return found


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.fixture(scope="module")
def chinese() -> dict[str, str]:
    with resources.files("kalib.words").joinpath("zh.po").open("rb") as stream:
        return {message.id: message.string for message in read_po(stream) if message.id}


WHOLE = ("doubts", "draft.py", "guess.py", "inspect.py", "settle.py")
"""Where every sentence has its Chinese; refusals elsewhere that nobody has translated yet are said in English."""


def test_each_sentence_has_its_chinese_and_none_is_left_over(chinese: dict[str, str]) -> None:
    said = sentences()
    wanted = {text for text, place in said.items() if place in WHOLE}
    assert sorted(wanted - set(chinese)) == []
    assert sorted(set(chinese) - set(said)) == []


def test_the_same_facts_fill_both(chinese: dict[str, str]) -> None:
    for english, text in chinese.items():
        assert places(text) <= places(english), english
        assert text.strip(), english


def test_the_language_is_the_one_that_is_spoken() -> None:
    said = told("customers {n:,}", n=1200)
    with speaking("zh"):
        assert str(said) == "客户 1,200"
    with speaking("en"):
        assert str(said) == "customers 1,200"
    assert Told.restored(said.stored()).to("zh") == "客户 1,200"


def test_the_machine_speaks_where_nobody_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    for value, wanted in (("zh_CN.UTF-8", "客户 1"), ("de_DE.UTF-8", "customers 1"), ("C", "customers 1")):
        monkeypatch.setenv("LANG", value)
        with speaking(None):
            assert str(told("customers {n:,}", n=1)) == wanted
