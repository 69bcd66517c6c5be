"""Does every reader get the same sentences, with numbers as they write them?"""

from __future__ import annotations

import re
import string
from pathlib import Path

import nbformat
import pytest

from kalib.words import LANGUAGES, Words, read_words

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def fields(text: object) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(str(text)) if name}


def test_the_languages_have_the_same_keys() -> None:
    english, chinese = read_words("en"), read_words("zh")
    pages = {key for key in chinese if key.startswith("pages.")}
    assert set(english) - pages == set(chinese) - pages


def test_the_same_facts_fill_both_languages() -> None:
    english, chinese = read_words("en"), read_words("zh")
    for key in english:
        assert fields(chinese[key]) <= fields(english[key]), key


def test_chinese_is_chinese() -> None:
    latin_only = {"columns.", "codes.", "units."}
    for key, text in read_words("zh").items():
        plain = re.sub(r"\{[^}]*\}", "", str(text))
        if re.search("[A-Za-z]{4,}", plain) and not any(key.startswith(part) for part in latin_only):
            assert re.search("[\u4e00-\u9fff]", plain), f"{key}: {text}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_of_text_has_its_chinese(path: Path) -> None:
    chinese = read_words("zh")
    for cell in nbformat.read(path, 4).cells:
        if cell.cell_type == "markdown":
            key = f"pages.{path.stem}.{cell.id}"
            assert key in chinese, key
            marks = re.findall(r"^#+", cell.source, re.M)
            assert re.findall(r"^#+", str(chinese[key]), re.M) == marks, f"{key}: headings differ"
            assert set(re.findall(r"`[^`]+`", str(chinese[key]))) == set(re.findall(r"`[^`]+`", cell.source)), key


@pytest.mark.parametrize(
    ("language", "currency", "value", "how", "shown"),
    [
        ("en", "GBP", 1234.5, "money", "£1,234"),
        ("en", "GBP", -1234567, "short", "−£1.2m"),
        ("en", "GBP", 999_960, "short", "£1.0m"),
        ("zh", "CNY", 123_456_789, "short", "¥1.2亿"),
        ("zh", "CNY", 12_345, "short", "¥1.2万"),
        ("en", "XXX", 12.345, "cents", "12.34"),
        ("en", "XXX", 0.1234, "percent1", "12.3%"),
        ("en", "XXX", 0.0001, "percent1", "<0.1%"),
        ("en", "XXX", -0.0001, "percent1", ">−0.1%"),
        ("en", "XXX", 0.0, "percent1", "0.0%"),
        ("en", "XXX", 0.0123, "points", "+1.2"),
        ("en", "XXX", -0.0123, "points", "−1.2"),
        ("en", "XXX", 0.0004, "points", "0.0"),
        ("en", "XXX", -0.0004, "points", "0.0"),
        ("zh", "XXX", -0.0, "points", "0.0"),
        ("en", "XXX", -0.0123, "size", "1.2"),
        ("en", "XXX", -0.04, "number", "0.0"),
        ("en", "XXX", -0.004, "number2", "0.00"),
        ("en", "XXX", -0.0004, "number3", "0.000"),
        ("en", "XXX", -0.0006, "number3", "-0.001"),
        ("en", "XXX", 197_246.477, "digits4", "197,200"),
        ("zh", "XXX", 0.00123456, "digits4", "0.001235"),
        ("en", "XXX", -0.031, "change", "▼ 3.1%"),
        ("en", "GBP", -1_234_567, "gain", "▼ £1.2m"),
        ("zh", "CNY", 12_345, "gain", "▲ ¥1.2万"),
        ("en", "GBP", 0.0, "gain", "£0"),
        ("en", "GBP", None, "gain", "–"),
        ("en", "XXX", 0.062, "more", "6.2% more"),
        ("en", "XXX", 1, "count order/orders", "1 order"),
        ("en", "XXX", 1, "days", "1 day"),
        ("zh", "XXX", 90, "days", "90天"),
        ("en", "XXX", "2026-06-30", "date", "30 June 2026"),
        ("zh", "XXX", "2026-06-30", "date", "2026年6月30日"),
        ("en", "XXX", None, "money", "–"),
        ("en", "XXX", float("nan"), "tone", ""),
        ("en", "XXX", "unheard_of", "code tier", "unheard_of"),
        ("en", "XXX", ["lost", "loyal"], "codes segment", "Lost, Loyal"),
        ("zh", "XXX", ["lost", "loyal"], "codes segment", "已流失、忠诚客户"),
    ],
)
def test_numbers_as_the_reader_writes_them(language: str, currency: str, value: object, how: str, shown: str) -> None:
    assert Words(language, currency=currency).show(value, how) == shown


def test_an_unknown_sentence_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"no words for `nothing\.here`"):
        Words("en")("nothing.here")


def test_a_jobs_own_names_come_first() -> None:
    assert Words("en", names={"codes.tier.key": "Gold"}).show("key", "code tier") == "Gold"


def test_there_are_words_for_both_readers() -> None:
    assert LANGUAGES == ("en", "zh")
