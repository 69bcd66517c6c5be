from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from kalib.errors import NotebookError
from kalib.publish.kernels import Kernels
from kalib.publish.plan import Notebook

COMPUTE = "compute"


def write_notebook(folder: Path, *cells: str | tuple[str, str]) -> Notebook:
    """Write a notebook with the parameter ``language`` and these cells, those with a tag as (tag, code)."""
    made = [nbformat.v4.new_code_cell("language = ''", metadata={"tags": ["parameters"]})]
    for cell in cells:
        tag, code = cell if isinstance(cell, tuple) else ("", cell)
        made.append(nbformat.v4.new_code_cell(code, metadata={"tags": [tag] if tag else []}))
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    file = folder / "10_tiny.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=about), file)
    return Notebook(file=file)


def execute(notebook: Notebook, folder: Path) -> tuple[nbformat.NotebookNode, nbformat.NotebookNode]:
    """Execute it in English, show it in Chinese and return both."""
    en, zh = folder / "en.ipynb", folder / "zh" / "zh.ipynb"
    with Kernels(folder=folder) as kernels:
        kernels.execute(notebook, parameters={"language": "en"}, output=en, again={zh: {"language": "zh"}})
    return nbformat.read(en, as_version=4), nbformat.read(zh, as_version=4)


def shown(page: nbformat.NotebookNode) -> list[str]:
    """Return what each cell showed last."""
    return [cell.outputs[-1]["data"]["text/plain"] for cell in page.cells if cell.get("outputs")]


def test_what_computes_is_executed_once_and_what_shows_in_each_language(tmp_path: Path) -> None:
    count = "from pathlib import Path\nwith Path('count').open('a') as file: _ = file.write('x')\nfound = 7"
    notebook = write_notebook(tmp_path, (COMPUTE, count), "f'{found} {language}'")
    en, zh = execute(notebook, tmp_path)
    assert (shown(en), shown(zh)) == (["'7 en'"], ["'7 zh'"])
    assert (tmp_path / "count").read_text() == "x"
    assert [cell.source for cell in zh.cells[2:]] == [cell.source for cell in en.cells[2:]]
    assert zh.cells[2].source == count
    assert all(cell.execution_count for cell in zh.cells)


def test_a_name_given_twice_has_each_time_what_it_had(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path, (COMPUTE, "n = 1"), "n, language", (COMPUTE, "n = 2"), "n, language")
    en, zh = execute(notebook, tmp_path)
    assert (shown(en), shown(zh)) == (["(1, 'en')", "(2, 'en')"], ["(1, 'zh')", "(2, 'zh')"])


def test_what_a_cell_puts_into_a_dict_or_a_table_does_not_add_up(tmp_path: Path) -> None:
    make = "import pandas as pd\nfacts, names, table = {'n': 1}, [], pd.DataFrame({'n': [1]})"
    change = "facts['n'] += 1; names.append(language); table['n'] += 1; facts['n'], names, int(table['n'].sum())"
    en, zh = execute(write_notebook(tmp_path, (COMPUTE, make), change), tmp_path)
    assert (shown(en), shown(zh)) == (["(2, ['en'], 2)"], ["(2, ['zh'], 2)"])


def test_a_dict_that_is_filled_cell_by_cell_is_filled_again(tmp_path: Path) -> None:
    cells = [(COMPUTE, "facts = {'a': 1}"), "facts['said'] = language; facts", (COMPUTE, "facts |= {'b': 2}"), "facts"]
    en, zh = execute(write_notebook(tmp_path, *cells), tmp_path)
    assert shown(en) == ["{'a': 1, 'said': 'en'}", "{'a': 1, 'said': 'en', 'b': 2}"]
    assert shown(zh) == ["{'a': 1, 'said': 'zh'}", "{'a': 1, 'said': 'zh', 'b': 2}"]


def test_a_list_and_a_set_that_grow_cell_by_cell_grow_again(tmp_path: Path) -> None:
    cells = [
        (COMPUTE, "said, seen = ['a'], {1}"),
        "said.append(language); said, seen",
        (COMPUTE, "said += ['b']; seen.add(2)"),
        "said, seen",
    ]
    en, zh = execute(write_notebook(tmp_path, *cells), tmp_path)
    assert shown(en) == ["(['a', 'en'], {1})", "(['a', 'en', 'b'], {1, 2})"]
    assert shown(zh) == ["(['a', 'zh'], {1})", "(['a', 'zh', 'b'], {1, 2})"]


def test_a_cell_that_computes_and_shows_is_executed_again(tmp_path: Path) -> None:
    en, zh = execute(write_notebook(tmp_path, (COMPUTE, "seen = language\nseen")), tmp_path)
    assert (shown(en), shown(zh)) == (["'en'"], ["'zh'"])


def test_a_failure_in_the_second_language_is_told(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path, (COMPUTE, "n = 0"), "1 / (language == 'en')")
    with pytest.raises(NotebookError, match=r"10_tiny, cell 3, line 1 .*ZeroDivisionError"):
        execute(notebook, tmp_path)
