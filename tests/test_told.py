"""Is all that is said to whom must decide said in Chinese too? Templates, their places, and the command line in both languages."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

import kalib
from kalib.ledger import companions
from kalib.ledger.rules import RULES
from kalib.words.told import Told, both, either, speaking, told

HOUSE = Path(kalib.__file__).parent
ORDERS = "客户,日期,订单号,金额\n"
JOB = """\
job: tiny
source: orders.csv
columns: {customer_id: 客户, order_date: 日期, order_id: 订单号, amount: 金额}
language: zh
"""


@cache
def calls() -> list[tuple[str, ast.Call]]:
    """Return every call of ``told`` and where it stands."""
    found = []
    for file in sorted(HOUSE.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "told"]
        found += [(f"{file.relative_to(HOUSE)}:{call.lineno}", call) for call in calls]
    return found


@cache
def templates() -> dict[str, str]:
    """Return every sentence that is told, and where."""
    said = {call.args[0].value: where for where, call in calls() if isinstance(call.args[0], ast.Constant)}
    return said | {rule.message: name for rules in (RULES, companions.RULES) for name, rule in rules.items()}


@cache
def chinese() -> dict[str, str]:
    with (HOUSE / "words" / "zh.po").open("rb") as stream:
        return {message.id: message.string for message in read_po(stream) if message.id}


def places(template: str) -> set[tuple]:
    """Return the places of a template, each with how it is written."""
    return {(name, form, sign) for _, name, form, sign in Formatter().parse(template) if name is not None}


def test_every_sentence_has_its_chinese() -> None:
    assert len(templates()) > 500
    assert {text: where for text, where in templates().items() if not chinese().get(text)} == {}


def test_no_chinese_is_of_a_sentence_that_nobody_says() -> None:
    assert sorted(set(chinese()) - set(templates())) == []


def test_the_chinese_has_the_same_places() -> None:
    assert {text: said for text, said in chinese().items() if places(said) != places(text)} == {}


def test_a_sentence_is_a_template_and_never_made_up_on_the_way() -> None:
    made_up = [where for where, call in calls() if not isinstance(call.args[0], ast.Constant)]
    assert [
        where for where in made_up if not where.startswith(("cli.py", "ledger/building.py"))
    ] == []  # rules' messages
    assert [where for where, call in calls() if isinstance(call.args[0], ast.JoinedStr)] == []


def test_every_place_is_filled() -> None:
    for where, call in calls():
        given = {word.arg for word in call.keywords}
        if isinstance(call.args[0], ast.Constant) and None not in given and given:
            assert {name for name, *_ in places(call.args[0].value)} == given, where


def test_a_fact_that_is_a_sentence_is_in_the_same_language() -> None:
    what = told("{label}: {said}", label="a.csv", said=told("the header is empty"))
    assert (what.to("en"), what.to("zh")) == ("a.csv: the header is empty", "a.csv：表头是空的")
    assert Told.restored(what.stored()) == what


def test_alternatives_are_joined_in_the_language_spoken() -> None:
    with speaking("zh"):
        assert (either("ab"), both("ab")) == ("a 或 b", "a 和 b")


# -------------------------------------------------------------------------------------------------- the command line


def kalib_says(folder: Path, *words: str, language: str) -> subprocess.CompletedProcess:
    """Call kalib on a machine of a language."""
    command = [sys.executable, "-m", "kalib", *words]
    about = os.environ | {"LC_ALL": language, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(HOUSE.parent)}
    return subprocess.run(command, cwd=folder, env=about, capture_output=True, text=True, encoding="utf-8")


def test_a_bad_file_is_refused_in_the_language_of_its_job(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (tmp_path / "tiny.yaml").write_text(JOB, encoding="utf-8")
    done = kalib_says(tmp_path, "check", "tiny.yaml", language="C.UTF-8")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("orders.csv：只有表头，其下没有订单行。")


def test_a_setting_is_refused_in_the_language_of_its_job(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(JOB + "horizn_days: 60\n", encoding="utf-8")
    done = kalib_says(tmp_path, "check", "tiny.yaml", language="C.UTF-8")
    assert done.stderr == "kalib: tiny.yaml，第 5 行：未知的设置 `horizn_days`；是否想写 `horizon_days`？\n"


def test_what_is_judged_is_told_in_the_language_of_its_job(tmp_path: Path) -> None:
    rows = "".join(f"甲{n % 5},2025-01-{n:02},{n},10.00\n" for n in range(1, 29)) + ",2025-01-29,99,5.00\n"
    (tmp_path / "orders.csv").write_text(ORDERS + rows, encoding="utf-8")
    (tmp_path / "tiny.yaml").write_text(JOB, encoding="utf-8")
    done = kalib_says(tmp_path, "check", "tiny.yaml", language="C.UTF-8")
    assert done.returncode == 0, done.stderr
    assert "读入 29 行，采用 28 行，剔除 1 行；截止日期 2025-01-28" in done.stdout
    assert "没有客户" in done.stdout
    printed = kalib_says(tmp_path, "check", "tiny.yaml", "--json", language="C.UTF-8")
    assert '"message": "没有客户"' in printed.stdout


@pytest.mark.parametrize(
    ("language", "said"), [("zh_CN.UTF-8", "没有这个任务文件"), ("fr_FR.UTF-8", "there is no such job file")]
)
def test_without_a_job_the_machine_says_which_language(tmp_path: Path, language: str, said: str) -> None:
    done = kalib_says(tmp_path, "check", "nowhere.yaml", language=language)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_job_file_for_a_chinese_export_is_in_chinese(tmp_path: Path) -> None:
    rows = "".join(f"甲{n % 5},2025-01-{n:02},A{n},10.00\n" for n in range(1, 29))
    (tmp_path / "orders.csv").write_text(ORDERS + rows, encoding="utf-8")
    done = kalib_says(tmp_path, "init", "orders.csv", language="C.UTF-8")
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "orders.yaml").read_text(encoding="utf-8")
    assert "任务文件" in written
    assert "表头和内容都相符" in written
    assert [line for line in written.splitlines() if "header" in line] == []
