"""Does a run publish all or nothing, in the right order, and name what failed?"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import types
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from kalib.errors import BusyError, DataError, NotebookError, SettingsError
from kalib.publish.kernels import Kernels
from kalib.publish.plan import Notebook, plan_notebooks, read_notebooks
from kalib.publish.run import run_job
from tests.conftest import OPEN, PARAMETERS, Workshop, texts


@pytest.fixture(autouse=True)
def plain_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pages be plain files: what they look like is tested beside the templates."""

    def write_pages(folder: Path, *, languages: list[str], job: object, report: object) -> None:
        (folder / "index.html").write_text(f"{languages}", encoding="utf-8")

    def write_index(reports: Path) -> Path:
        (reports / "index.html").write_text("index", encoding="utf-8")
        return reports / "index.html"

    def write_workbook(folder: Path, job: object, words: object) -> Path:
        return folder / "book.xlsx"

    for name, function in (("html", write_pages), ("index", write_index), ("excel", write_workbook)):
        module = types.ModuleType(f"kalib.publish.{name}")
        setattr(module, function.__name__, function)
        monkeypatch.setitem(sys.modules, f"kalib.publish.{name}", module)


@pytest.fixture
def no_kernels(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict]]:
    """Let notebooks only leave their record, and say in which order and with which parameters they came."""
    ran: list[tuple[str, dict]] = []

    def execute(self: Kernels, notebook: Notebook, *, parameters: Mapping, output: Path) -> None:
        ran.append((notebook.name, dict(parameters)))
        build = Path(parameters["run"])
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(notebook.file.read_text(encoding="utf-8"), encoding="utf-8")
        record = {
            "answer": f"{parameters['language']} answer",
            "tables": dict.fromkeys(notebook.writes, 1),
            "skipped": {},
            "decisions": {"horizon_days": {"value": 45, "why": "test"}},
            "facts": {},
            "parameters": {},
        }
        folder = build / "records" / ("" if parameters["language"] == "en" else parameters["language"])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{notebook.name}.json").write_text(json.dumps(record), encoding="utf-8")

    monkeypatch.setattr(Kernels, "execute", execute)
    monkeypatch.setattr(Kernels, "__enter__", lambda self: self)
    return ran


def hidden(folder: Path) -> list[str]:
    """Return what a run should not have left behind."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".build")]


# --- the order ----------------------------------------------------------------------------------------------------


def test_notebooks_run_in_the_order_of_their_tables(workshop: Workshop) -> None:
    workshop.add("10_last", [], reads=["middle"])
    workshop.add("20_middle", [], reads=["first"], writes=["middle"])
    workshop.add("30_first", [], reads=["customers"], writes=["first"])
    workshop.add("05_free", [])
    plan = plan_notebooks(read_notebooks(workshop.job()))
    assert [notebook.name for notebook in plan] == ["05_free", "30_first", "20_middle", "10_last"]
    assert [n.name for n in plan_notebooks(plan, only=["middle"])] == ["30_first", "20_middle"]
    assert [n.name for n in plan_notebooks(plan, only=["10_last"], tables=["middle"])] == ["10_last"]


def test_a_ring_of_tables_is_refused(workshop: Workshop) -> None:
    workshop.add("10_a", [], reads=["b"], writes=["a"])
    workshop.add("20_b", [], reads=["a"], writes=["b"])
    with pytest.raises(NotebookError, match=r"(10_a -> 20_b -> 10_a|20_b -> 10_a -> 20_b)\. Take one"):
        plan_notebooks(read_notebooks(workshop.job()))


@pytest.mark.parametrize(
    ("writes", "said"),
    [
        ("rfm", "10_rfm and 20_mine both write `rfm`"),
        ("customers", "20_mine writes `customers`, which is the ledger's"),
    ],
)
def test_a_table_has_one_writer(workshop: Workshop, writes: str, said: str) -> None:
    workshop.add("10_rfm", [], writes=["rfm"])
    workshop.add("20_mine", [], writes=[writes])
    with pytest.raises(NotebookError, match=said):
        plan_notebooks(read_notebooks(workshop.job()))


def test_a_table_that_nobody_writes_is_refused(workshop: Workshop) -> None:
    workshop.add("10_rfm", [], writes=["rfm"])
    workshop.add("20_tiers", [], reads=["rfmm"])
    with pytest.raises(NotebookError, match=r"20_tiers reads `rfmm`, which no notebook writes; did you mean `rfm`\?"):
        plan_notebooks(read_notebooks(workshop.job()))


def test_an_unknown_topic_is_refused(workshop: Workshop) -> None:
    workshop.add("10_rfm", [])
    with pytest.raises(SettingsError, match="--only rfn: there is no such topic; did you mean `rfm`"):
        run_job(workshop.job(), only=["rfn"])


# --- parameters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tags": ()}, "10_rfm has no cell tagged `parameters`"),
        ({"declared": 'job = ""\nlanguage = "en"\n'}, r"10_rfm does not declare `run` .* Add there: run = ''"),
        ({"declared": PARAMETERS + "x = (\n"}, "10_rfm has a `parameters` cell that is not Python"),
    ],
)
def test_a_notebook_that_cannot_take_parameters_is_refused(workshop: Workshop, change: dict, said: str) -> None:
    workshop.add("10_rfm", ["1"], **change)
    with pytest.raises(NotebookError, match=said):
        run_job(workshop.job())
    assert not workshop.reports.exists()


def test_a_file_that_is_no_notebook_is_refused(workshop: Workshop) -> None:
    (workshop.root / "notebooks" / "10_rfm.ipynb").write_text("{}", encoding="utf-8")
    with pytest.raises(NotebookError, match=r"10_rfm\.ipynb: this is not a notebook"):
        run_job(workshop.job())


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("10_rfm.bin", "3", "`10_rfm.bin`: 10_rfm has no such parameter; did you mean `bins`"),
        ("11_rfm.bins", "3", "`11_rfm.bins`: there is no such notebook or setting; did you mean `10_rfm`"),
        ("10_rfm.bins", "many", "`10_rfm.bins` = 'many': must be a whole number, like the notebook's own 5"),
        ("10_rfm.bins", "true", "`10_rfm.bins` = True: must be a whole number"),
        ("10_rfm.run", "x", "10_rfm has no such parameter"),
        ("horizn_days", "3", "did you mean `horizon_days`"),
    ],
)
def test_an_unknown_parameter_is_refused(workshop: Workshop, key: str, value: str, said: str) -> None:
    workshop.add("10_rfm", ["1"], parameters="bins = 5  # number of scores\n")
    with pytest.raises(SettingsError, match=said):
        run_job(workshop.job(**{key: value}))
    assert not workshop.reports.exists()


def test_settings_reach_the_notebooks_that_declare_them(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"], parameters="horizon_days = 30\nvalue_months = 12\nbins = 5\nshare = 0.5\n")
    workshop.add("20_b", ["1"])
    run_job(workshop.job(horizon_days="60", **{"10_a.bins": "7", "a.share": "1"}))
    given = {name: {k: v for k, v in values.items() if k != "run"} for name, values in no_kernels}
    common = {"job": "jobs/tiny.yaml", "language": "en"}
    assert given == {"10_a": {**common, "horizon_days": 60, "bins": 7, "share": 1}, "20_b": common}


def test_a_decision_is_kept_for_later_runs(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"], parameters="horizon_days = None\n")
    run_job(workshop.job(as_of="2025-02-28"))
    run_job(workshop.job())
    run_job(workshop.job(as_of="2025-02-10"))  # before any of them: knows nothing of what was decided later
    assert [values.get("horizon_days") for _, values in no_kernels] == [None, 45, None]


# --- publishing ---------------------------------------------------------------------------------------------------


def test_runs_of_the_same_day_are_counted_up(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    first, second = run_job(workshop.job()), run_job(workshop.job())
    assert [path.name for path in (first, second)] == ["2025-03-31-1", "2025-03-31-2"]
    assert os.readlink(workshop.reports / "latest") == "2025-03-31-2"
    assert (workshop.root / "reports" / "index.html").is_file()
    assert not hidden(workshop.reports)
    assert {path.name for path in second.iterdir()} == {"index.html", "notebooks", "run.json", "tables", "ledger.json"}
    facts = json.loads((second / "run.json").read_text(encoding="utf-8"))
    assert facts["tables"]["customers"] == {"rows": 3, "notebook": ""}
    assert facts["missing"]["accounts"]["reason"] == "not_given"
    assert facts["settings"]["file"] == "jobs/tiny.yaml"
    assert str(workshop.root) not in json.dumps(facts)


def test_another_parent_may_be_given(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    published = run_job(workshop.job(), out=workshop.root / "elsewhere")
    assert published == workshop.root / "elsewhere" / "tiny" / "2025-03-31-1"
    assert not workshop.reports.exists()


def test_a_second_language_runs_after_the_first(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"], reads=["b"])
    workshop.add("20_b", ["1"], writes=["b"])
    published = run_job(workshop.job(language="[en, zh]"))
    said = [(name, values["language"]) for name, values in no_kernels]
    assert said[:2] == [("20_b", "en"), ("10_a", "en")]
    assert sorted(said[2:]) == [("10_a", "zh"), ("20_b", "zh")]
    facts = json.loads((published / "run.json").read_text(encoding="utf-8"))
    assert facts["notebooks"]["10_a"]["answer"] == {"en": "en answer", "zh": "zh answer"}
    assert (published / "notebooks" / "zh" / "10_a.ipynb").is_file()


def test_one_run_of_a_job_at_a_time(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    workshop.reports.mkdir(parents=True)
    with (workshop.reports / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="another run of `tiny` is under way"):
            run_job(workshop.job())
    run_job(workshop.job())


def test_refused_data_publish_nothing(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    published = run_job(workshop.job())
    (workshop.root / "data" / "orders.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError):
        run_job(workshop.job())
    assert os.readlink(workshop.reports / "latest") == published.name
    assert not hidden(workshop.reports)


def test_pages_that_fail_publish_nothing(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])

    def write_pages(folder: Path, **given: object) -> None:
        raise OSError("disk full")

    sys.modules["kalib.publish.html"].write_pages = write_pages
    with pytest.raises(OSError, match="disk full"):
        run_job(workshop.job())
    assert not workshop.reports.exists()


# --- kernels ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["fine = 1", "# says no\nraise ValueError('no\\nmore')"], r"20_b, cell 4 \(`# says no`\): ValueError: no\."),
        (["import os; os.kill(os.getpid(), 9)", "1"], r"20_b, cell 3 \(`import os; .*ended the kernel"),
        (["import sys; sys.exit(0)", "1"], r"20_b, cell 3 \(`import sys; .*: left by sys.exit\(0\)"),
        (["1"], r"20_b did not close its record; its last cell must be `book.close\(facts\)`"),
    ],
    ids=["raises", "killed", "leaves", "does not close"],
)
def test_a_notebook_that_fails_is_named(workshop: Workshop, cells: list[str], said: str) -> None:
    workshop.reports.joinpath("2025-01-01-1").mkdir(parents=True)
    workshop.reports.joinpath("latest").symlink_to("2025-01-01-1")
    workshop.add("20_b", cells)
    with pytest.raises(NotebookError, match=said) as refusal:
        run_job(workshop.job())
    kept = workshop.reports / "failed" / "20_b.ipynb"
    assert str(kept) in str(refusal.value)
    assert kept.is_file()
    assert os.readlink(workshop.reports / "latest") == "2025-01-01-1"
    assert sorted(path.name for path in workshop.reports.iterdir()) == [".lock", "2025-01-01-1", "failed", "latest"]


def test_a_cell_that_does_not_end_is_named(workshop: Workshop, tmp_path: Path) -> None:
    file = workshop.add("20_b", ["import time; time.sleep(60)"])
    notebook = next(n for n in read_notebooks(workshop.job()) if n.file == file)
    kernels = Kernels(folder=tmp_path, cell_seconds=1)
    with pytest.raises(NotebookError, match=r"20_b, cell 3 \(`import time; .*did not end within 1 s"):
        kernels.execute(notebook, parameters={}, output=tmp_path / "out.ipynb")


def test_a_users_notebook_joins_and_pages_work_on_the_draft_later(workshop: Workshop) -> None:
    workshop.add_maker("10_first", writes="first")
    short = 'with book.making("second"):\n    raise kalib.errors.NotEnoughDataError("too_new")'
    cells = [
        "import kalib.errors",
        OPEN,
        'book.decide("horizon_days", 60, "test")',
        short,
        "no_such",
        "book.close({'n': 3})",
    ]
    workshop.add("20_second", cells, reads=["first"], writes=["second"])
    workshop.add("90_mine", [OPEN, 'assert not book.has("second")', "book.close()"], reads=["second"])
    published = run_job(workshop.job())
    facts = json.loads((published / "run.json").read_text(encoding="utf-8"))
    assert facts["tables"]["first"] == {"rows": 3, "notebook": "10_first"}
    assert facts["missing"]["second"] == {"reason": "too_new", "facts": {}, "notebook": "20_second"}
    assert facts["decisions"]["horizon_days"] == {"value": 60, "why": "test", "notebook": "20_second"}
    assert facts["notebooks"]["20_second"]["facts"] == {"n": 3}
    assert len(pd.read_parquet(published / "tables" / "first.parquet")) == 3
    content = json.loads((published / "notebooks" / "90_mine.ipynb").read_text(encoding="utf-8"))
    assert 'run = ""' in texts(content)
    assert str(workshop.root) not in json.dumps(content)
