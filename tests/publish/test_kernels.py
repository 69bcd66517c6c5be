"""A kernel leaves nothing open behind it, and starts however much its parent has open."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from kalib import interpreter
from kalib.errors import NotebookError
from kalib.publish.kernels import MANY, Kernels
from kalib.publish.plan import Notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts files in /proc")


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    return write_notebook(tmp_path, "two")


def write_notebook(tmp_path: Path, code: str) -> Notebook:
    cells = [
        nbformat.v4.new_code_cell("two = 0", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(code),
    ]
    file = tmp_path / "10_tiny.ipynb"
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=about), file)
    return Notebook(file=file)


@pytest.fixture
def a_thousand_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    yield
    for file in files:
        os.close(file)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def answer(output: Path) -> str:
    return nbformat.read(output, as_version=4).cells[-1].outputs[0]["data"]["text/plain"]


def test_nothing_stays_open(notebook: Notebook, tmp_path: Path) -> None:
    output = tmp_path / "out.ipynb"
    open_files = []
    with Kernels(folder=tmp_path, expected=MANY) as kernels:
        for _ in range(3):
            kernels.execute(notebook, parameters={"two": 2}, output=output)
            open_files.append(len(os.listdir("/proc/self/fd")))
    assert answer(output) == "2"
    assert len(set(open_files)) == 1, open_files


def test_a_kernel_starts_beside_a_thousand_open_files(
    notebook: Notebook, tmp_path: Path, a_thousand_files: None
) -> None:
    output = tmp_path / "out.ipynb"
    with Kernels(folder=tmp_path, expected=MANY) as kernels:
        kernels.execute(notebook, parameters={"two": 2}, output=output)
    assert answer(output) == "2"


@pytest.mark.parametrize("expected", [pytest.param(1, marks=pytest.mark.run), MANY], ids=["alone", "forked"])
def test_a_kernel_that_lost_its_answer_is_given_up(tmp_path: Path, expected: int) -> None:
    """The kernel lives and its client sees nothing wrong: so it stands where memory ran out as it answered."""
    stuck = write_notebook(tmp_path, "import os; os.kill(os.getpid(), 19)")
    with (
        Kernels(folder=tmp_path, expected=expected, cell_seconds=60, still_seconds=2) as kernels,
        pytest.raises(NotebookError, match=r"10_tiny, cell 2 .*has computed nothing for 2 s .* whose memory ran out"),
    ):
        kernels.execute(stuck, parameters={}, output=tmp_path / "out.ipynb")


@pytest.mark.run
def test_a_kernel_that_computes_is_not_given_up(tmp_path: Path) -> None:
    busy = write_notebook(tmp_path, "import time\nwhile time.process_time() < 3: pass\n2")
    with Kernels(folder=tmp_path, still_seconds=2) as kernels:
        kernels.execute(busy, parameters={}, output=tmp_path / "out.ipynb")
    assert answer(tmp_path / "out.ipynb") == "2"


def test_a_cell_short_of_memory_says_so(tmp_path: Path) -> None:
    greedy = write_notebook(tmp_path, "bytes(1 << 60)")
    with Kernels(folder=tmp_path) as kernels, pytest.raises(NotebookError) as refused:
        kernels.execute(greedy, parameters={}, output=tmp_path / "out.ipynb")
    assert "10_tiny, cell 2, line 1 (`bytes(1 << 60)`): the memory did not suffice (MemoryError)." in str(refused.value)


def test_a_warning_does_not_tell_where_python_lies(notebook: Notebook, tmp_path: Path) -> None:
    content = nbformat.read(notebook.file, as_version=4)
    content.cells += [
        nbformat.v4.new_code_cell(
            "import warnings, pandas\nwarnings.warn_explicit('odd', UserWarning, pandas.__file__, 7)"
        ),
        nbformat.v4.new_code_cell("import kalib\nprint(kalib.__file__)"),
        nbformat.v4.new_code_cell("pandas.read_json('{')"),
    ]
    nbformat.write(content, notebook.file)
    output = tmp_path / "out.ipynb"
    with Kernels(folder=tmp_path) as kernels, pytest.raises(NotebookError):
        kernels.execute(notebook, parameters={"two": 2}, output=output)
    written = output.read_text(encoding="utf-8")
    assert "pandas/__init__.py:7: UserWarning: odd" in written
    assert "kalib/__init__.py" in written
    assert "site-packages" not in written
    assert interpreter.ROOT not in written
