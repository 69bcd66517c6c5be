"""Nothing that lies beside the data is run: no module, no start-up file, no configuration, by any process of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

from kalib import cli, interpreter
from kalib.publish.kernels import MANY, Kernels
from kalib.publish.plan import Notebook
from tests.conftest import JOB, ORDERS

ALL_OF_OURS = (
    "import IPython.core.completer, ipykernel.kernelapp, jupyterlab.labapp, jupyter_server.serverapp\n"
    "import kalib.cli, kalib.ledger.apart, kalib.ledger.inspect, kalib.ledger.sheets, kalib.ledger.workbook\n"
    "import kalib.publish.excel, kalib.publish.html, kalib.publish.index, kalib.publish.run, kalib.publish.warm\n"
    "import importlib, sys\n"
    "for name in kalib.publish.warm.IMPORTS: importlib.import_module(name)\n"
    "print(*{name.partition('.')[0] for name in sys.modules})\n"
)
BEFORE_US = "import runpy, sys; print(*sys.modules)"
CONFIGURATIONS = (
    "ipython_config.py",
    "ipython_kernel_config.py",
    "jupyter_config.py",
    "jupyter_server_config.py",
    "jupyter_lab_config.py",
    "jupyter_notebook_config.py",
    "profile_default/ipython_config.py",
    "profile_default/ipython_kernel_config.py",
    "profile_default/startup/00.py",
)
ASKS = "import matplotlib, sys\nprint(matplotlib.rcParams['font.size'], *sys.path, sep='|')"


@pytest.fixture(scope="module")
def names() -> list[str]:
    """Give the name of every module that a process of ours imports, and of those that Python looks for at its start."""
    asked = subprocess.run([sys.executable, "-P", "-c", ALL_OF_OURS], capture_output=True, text=True, check=True)
    names = {name for name in asked.stdout.split() if name.isidentifier()} - {"__main__"}
    assert {"json", "pandas", "matplotlib", "typer", "kalib", "encodings", "jupyterlab"} <= names
    return sorted(names | {"sitecustomize", "usercustomize", "readline", "psycopg", "pyspark", "tomllib"})


@pytest.fixture
def trapped(tmp_path: Path, names: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a plain folder with orders in it, beside a trap for every module; nothing may have been caught in the end."""
    caught = tmp_path / "caught"
    caught.mkdir()
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (folder / "tiny.yaml").write_text(JOB.replace("data/", "").replace("notebooks: notebooks\n", ""), encoding="utf-8")
    for name in (*(f"{name}.py" for name in names), *CONFIGURATIONS):
        trap = folder / name
        trap.parent.mkdir(parents=True, exist_ok=True)
        trap.write_text(f"open({str(caught / trap.stem)!r}, 'w').close()\n", encoding="utf-8")
    (folder / "matplotlibrc").write_text("font.size: 77\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    for name in ("PYTHONPATH", "PYTHONSAFEPATH"):
        monkeypatch.delenv(name, raising=False)
    yield folder
    assert sorted(path.name for path in caught.iterdir()) == []


def kalib(*words: str, python: tuple[str, ...] = ("-P",), **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *python, "-m", "kalib", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


def test_the_ledger_imports_nothing_from_beside_the_data(trapped: Path) -> None:
    done = kalib("check", "tiny.yaml", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows_used"] == 5


@pytest.mark.run
def test_init_imports_nothing_from_beside_the_data(trapped: Path) -> None:
    done = kalib("init", "orders.csv")
    assert done.returncode == 0, done.stderr
    assert (trapped / "orders.yaml").is_file()


@pytest.mark.run
def test_python_m_leaves_the_working_directory_as_soon_as_kalib_is_asked(trapped: Path) -> None:
    before = subprocess.run([sys.executable, "-P", "-c", BEFORE_US], capture_output=True, text=True, check=True)
    for name in {"kalib", *before.stdout.split()}:  # nobody's but Python's: docs/trust.md says to start `kalib`
        (trapped / f"{name}.py").unlink(missing_ok=True)
    assert (trapped / "json.py").exists()
    done = kalib("check", "tiny.yaml", python=())
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("expected", [1, MANY])
def test_a_kernel_imports_nothing_from_the_jobs_folder(trapped: Path, tmp_path: Path, expected: int) -> None:
    """One notebook has a process of its own, many are forked from one that has done the imports."""
    cells = [
        nbformat.v4.new_code_cell("two = 2", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(ASKS),
        nbformat.v4.new_code_cell("import pandas, matplotlib.pyplot, kalib.publish.workbook, os\nprint(os.getcwd())"),
    ]
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    file = tmp_path / "10_tiny.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=about), file)
    with Kernels(folder=trapped, expected=expected) as kernels:
        kernels.execute(Notebook(file=file), parameters={}, output=tmp_path / "out.ipynb")
    shown = [cell.outputs[0]["text"].strip() for cell in nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[-2:]]
    font, *folders = shown[0].split("|")
    assert float(font) < 77
    assert not {"", ".", str(trapped), str(tmp_path)} & set(folders)
    assert shown[1] == str(trapped)  # there the notebook works all the same


def started_lab(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], Mapping[str, str]]:
    """Return how `kalib lab` starts JupyterLab."""
    started: list = []
    monkeypatch.setattr("kalib.publish.run.refresh_draft", lambda job, draft: False)
    monkeypatch.setattr(os, "execve", lambda *given: started.append(given))
    cli.lab(folder / "tiny.yaml")
    return started[0][1:]


@pytest.mark.run
def test_the_lab_and_its_kernels_import_nothing_from_beside_the_data(
    trapped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep)
    words, environment = started_lab(trapped, monkeypatch)
    subprocess.run([*words[:-1], "--show-config-json"], env=environment, check=True, capture_output=True)
    manager, client = start_new_kernel(kernel_name="python3", env=environment, cwd=str(trapped))
    heard: list[str] = []
    try:
        client.execute_interactive(
            "import pandas, sys; print(*sys.path, sep='|')",
            output_hook=lambda told: heard.append(told["content"].get("text", "")),
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    folders = "".join(heard).strip().split("|")
    assert len(folders) > 2
    assert not {"", ".", str(trapped)} & set(folders)


@pytest.mark.run
def test_a_folder_of_pythonpath_without_a_whole_path_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "typer.py").write_text("raise SystemExit('imported from beside the data')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for folders in (os.pathsep, ".", os.pathsep.join(["", str(tmp_path / "there")])):
        assert kalib("--help", PYTHONPATH=folders).returncode == 0
        monkeypatch.setenv("PYTHONPATH", folders)
        assert interpreter.environment().get("PYTHONPATH", str(tmp_path / "there")) == str(tmp_path / "there")


@pytest.mark.run
@pytest.mark.parametrize("only", ["rfm", ""])
def test_a_whole_run_runs_nothing_from_beside_the_data(trapped: Path, only: str) -> None:
    done = kalib("run", "tiny.yaml", *(["--only", only] if only else []))
    assert done.returncode == 0, done.stderr
