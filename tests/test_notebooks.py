"""Do the notebooks keep the rules of the house? (What they compute is held to their stored outputs by nbval.)"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest

from kalib.schema import TABLES

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> nbformat.NotebookNode:
    return nbformat.read(request.param, 4)


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "00_quality",
        "10_rfm",
        "20_pareto",
        "30_tiers",
        "40_value",
        "45_retention",
        "50_churn",
        "55_campaign",
        "60_scorecard",
        "65_migration",
        "90_summary",
    ]


def test_the_title_is_a_question(notebook: nbformat.NotebookNode) -> None:
    first = notebook.cells[0]
    assert re.match(r"# .+\?$", first.source.splitlines()[0])
    assert "Reads" in first.source
    assert "rites" in first.source


def test_the_parameters_are_commented_literals(notebook: nbformat.NotebookNode) -> None:
    tagged = [cell for cell in code(notebook) if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    assert notebook.cells[1] is tagged[0]
    for line, statement in zip(tagged[0].source.splitlines(), ast.parse(tagged[0].source).body, strict=True):
        assert isinstance(statement, ast.Assign)
        ast.literal_eval(statement.value)
        assert "  # " in line


def test_the_code_is_short_and_defines_nothing(notebook: nbformat.NotebookNode) -> None:
    for cell in code(notebook):
        assert len(cell.source.splitlines()) <= 12, cell.id
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda), cell.id


def test_no_figure_is_typed_into_the_text(notebook: nbformat.NotebookNode) -> None:
    allowed = {"0", "1", "2", "5", "12", "365", "80", "95"}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            numbers = set(re.findall(r"(?<![\w.])\d[\d,.]*(?<![.,])", cell.source))
            assert numbers <= allowed, f"{cell.id}: {numbers - allowed}"


def test_the_tables_are_declared(notebook: nbformat.NotebookNode) -> None:
    declared = notebook.metadata["kalib"]
    source = "\n".join(cell.source for cell in code(notebook))
    for table in declared["writes"]:
        assert table in TABLES
        assert f'book.write("{table}"' in source
        assert re.search(rf'book\.making\([^)]*"{table}"', source)
    for table in re.findall(r'book\.read\("(\w+)"', source):
        assert table in declared["reads"], table


def test_it_asserts_its_rows_and_ends_with_its_record(notebook: nbformat.NotebookNode) -> None:
    cells = code(notebook)
    assert any("assert " in cell.source for cell in cells[1:4])
    assert cells[-1].source == "book.close()"


def test_what_computes_says_nothing(notebook: nbformat.NotebookNode) -> None:
    """In a second language its names are given what they had in the first: see kalib.publish.again."""
    computing = [cell for cell in code(notebook) if "compute" in cell.metadata.get("tags", [])]
    assert computing
    for cell in computing:
        assert not cell.outputs, cell.id
        assert not re.search(
            r"\blanguage\b|\bwords\b|book\.(say|name_|draw|table|note|finding|answer|kpis)", cell.source
        )


def test_results_are_stored_and_held_to(notebook: nbformat.NotebookNode) -> None:
    for cell in code(notebook):
        roles = {out.metadata.get("kalib", {}).get("role") for out in cell.outputs if "metadata" in out}
        if roles - {None, "provenance"}:
            assert "nbval-check-output" in cell.metadata.get("tags", []), cell.id
    stored = {
        out.metadata.get("kalib", {}).get("role")
        for cell in code(notebook)
        for out in cell.outputs
        if "metadata" in out
    }
    assert {"answer", "kpis", "finding", "provenance"} <= stored
