"""Does the data go one way only? ledger -> topics -> figures -> publish, and only the runner reads the clock."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import kalib

HOUSE = Path(kalib.__file__).parent
MODULES = sorted(path for path in HOUSE.rglob("*.py") if "shipped" not in path.parts and "fonts" not in path.parts)

MAY_IMPORT = {
    "errors": {"words"},
    "interpreter": set(),
    "words": {"errors", "words"},
    "schema": {"errors", "schema"},
    "money": set(),
    "years": {"errors", "money", "schema"},
    "settings": {"errors", "settings", "words"},
    "ledger": {"errors", "interpreter", "money", "years", "schema", "settings", "words", "ledger"},
    "topics": {"errors", "money", "schema", "topics", "years"},  # of their own family: see below
    "figures": {"words", "figures"},
    "publish": {
        "errors",
        "interpreter",
        "years",
        "schema",
        "settings",
        "words",
        "ledger",
        "topics",
        "figures",
        "publish",
    },
    "cli": {"errors", "interpreter", "settings", "words", "ledger", "publish", "schema"},
    "__main__": {"cli", "interpreter"},
    "__init__": {"publish"},
}


def place(path: Path) -> str:
    part = path.relative_to(HOUSE).parts[0]
    return part.removesuffix(".py")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "kalib" else [f"kalib.{alias.name}" for alias in node.names]
        found |= {name for name in names if name == "kalib" or name.startswith("kalib.")}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(HOUSE).as_posix())
def test_imports_go_one_way(path: Path) -> None:
    here = place(path)
    for name in imports(path) - {"kalib"}:
        there = name.split(".")[1]
        assert there in MAY_IMPORT[here], f"{path.relative_to(HOUSE)} imports {name}"


@pytest.mark.parametrize("topic", sorted((HOUSE / "topics").glob("*.py")), ids=lambda path: path.stem)
def test_topics_know_no_other_topic(topic: Path) -> None:
    family = topic.stem.split("_")[0]
    for name in imports(topic):
        if name.startswith("kalib.topics."):
            assert name.split(".")[2].split("_")[0] == family, f"{topic.name} imports {name}"


@pytest.mark.parametrize(
    "path", [path for path in MODULES if place(path) in ("ledger", "topics", "figures", "words")], ids=lambda p: p.stem
)
def test_only_the_runner_reads_the_clock(path: Path) -> None:
    clocks = {"today", "now", "utcnow", "time", "localtime"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in clocks:
            owner = ast.unparse(node.func.value)
            assert owner.split(".")[-1] not in {"date", "datetime", "time", "Timestamp", "dt"}, (
                f"{path}: {ast.unparse(node)}"
            )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(HOUSE).as_posix())
def test_house_style(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{path} does not say its question"
    assert not {"utils", "helpers", "common", "manager"} & {path.stem, path.parent.name}
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            assert caught not in ("everything", "Exception", "BaseException"), f"{path}:{node.lineno} catches {caught}"
        if isinstance(node, ast.FunctionDef) and node.args.kwarg:
            assert node.args.kwarg.arg == "facts", f"{path}:{node.lineno} {node.name} takes anything"
