"""Is only made again what must be? Executions are counted; whatever is not what it was is made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from kalib.publish import fresh
from kalib.publish.fresh import Kept
from kalib.publish.kernels import Kernels
from kalib.publish.plan import Notebook
from kalib.publish.run import make_table, refresh_draft, run_job
from tests.conftest import Workshop

pytestmark = pytest.mark.usefixtures("ledger_within")


@pytest.fixture
def counted(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three notebooks of kalib's own, `b` of the table of `a` and `c` of nobody's; say which are executed."""
    executed: list[str] = []

    def execute(self: Kernels, notebook: Notebook, *, parameters: Mapping, output: Path, again: Mapping) -> None:
        executed.append(notebook.topic)
        build = Path(parameters["run"])
        for page, own in {output: parameters, **again}.items():
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(notebook.file.read_text(encoding="utf-8"), encoding="utf-8")
            folder = build / "records" / ("" if own["language"] == "en" else own["language"])
            folder.mkdir(parents=True, exist_ok=True)
            record = {"answer": "", "tables": dict.fromkeys(notebook.writes, 1), "skipped": {}, "decisions": {}}
            record |= {"models": {}, "facts": {}, "parameters": {}}
            (folder / f"{notebook.name}.json").write_text(json.dumps(record), encoding="utf-8")
        for table in notebook.writes:
            text = f"{table} {notebook.file.read_text()} {json.dumps({**parameters, 'run': ''})}"
            (build / "tables" / f"{table}.parquet").write_text(text, encoding="utf-8")

    monkeypatch.setattr(Kernels, "execute", execute)
    monkeypatch.setattr(Kernels, "__enter__", lambda self: self)
    monkeypatch.setattr(fresh, "is_shipped", lambda notebook: True)
    monkeypatch.setattr("kalib.publish.run.is_shipped", lambda notebook: True)
    for module in ("html", "excel"):
        monkeypatch.setattr(
            f"kalib.publish.{module}.write_{'pages' if module == 'html' else 'workbook'}", lambda *a, **k: None
        )
    workshop.add("10_a", ["book.settings.rfm"], writes=["a"])
    workshop.add("20_b", ["1"], reads=["a"], writes=["b"])
    workshop.add("30_c", ["book.settings.tiers"], writes=["c"])
    run_job(workshop.job())
    assert sorted(executed) == ["a", "b", "c"]
    executed.clear()
    return executed


def test_nothing_changed_and_nothing_runs(workshop: Workshop, counted: list[str]) -> None:
    said = []
    published = run_job(workshop.job(), progress=lambda step: said.append(step.text))
    assert counted == []
    assert sum("unchanged, taken from the last run" in text for text in said) == 4
    assert sorted(file.name for file in (published / "tables").iterdir())[:2] == ["a.parquet", "b.parquet"]
    run_job(workshop.job(), fresh=True)
    assert sorted(counted) == ["a", "b", "c"]


def test_a_setting_of_a_topic_runs_who_reads_it(
    workshop: Workshop, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kalib.publish.run.build_apart", None)  # the source is not read
    run_job(workshop.job(**{"rfm.bins": "4"}))
    assert counted == ["a"]  # its table is the same: who reads that need not run
    run_job(workshop.job(**{"rfm.bins": "4", "tiers.count": "3"}))
    assert counted == ["a", "c"]


def test_another_notebook_runs_with_who_reads_its_table(workshop: Workshop, counted: list[str]) -> None:
    workshop.add("10_a", ["book.settings.rfm", "2"], writes=["a"])
    run_job(workshop.job())
    assert counted == ["a", "b"]


def test_another_source_runs_all(workshop: Workshop, counted: list[str]) -> None:
    orders = workshop.job().path(workshop.job().source[0])
    orders.write_text(orders.read_text(encoding="utf-8").rstrip() + "\n", encoding="utf-8")
    text = orders.read_text(encoding="utf-8")
    orders.write_text(text + text.splitlines()[-1].replace(text.splitlines()[-1][:1], "z", 1) + "\n", encoding="utf-8")
    run_job(workshop.job())
    assert sorted(counted) == ["a", "b", "c"]


def test_a_second_language_that_was_not_kept_runs(workshop: Workshop, counted: list[str]) -> None:
    run_job(workshop.job(language="[en, zh]"))
    assert sorted(counted) == ["a", "b", "c"]
    run_job(workshop.job())
    assert len(counted) == 3


def test_other_code_runs_all(workshop: Workshop, counted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "hash_code", lambda **_: "other")
    run_job(workshop.job())
    assert sorted(counted) == ["a", "b", "c"]


@pytest.mark.parametrize("damage", ["cut", "gone", "other", "no json", "half"])
def test_what_is_damaged_is_made_again(workshop: Workshop, counted: list[str], damage: str) -> None:
    entry = workshop.reports / ".kept" / "10_a"
    table, content = entry / "tables" / "a.parquet", entry / "content.json"
    if damage == "cut":
        table.write_bytes(table.read_bytes()[:5])
    elif damage == "gone":
        table.unlink()
    elif damage == "other":
        table.write_text("another table", encoding="utf-8")
    elif damage == "no json":
        content.write_text("{", encoding="utf-8")
    else:
        content.unlink()
    run_job(workshop.job())
    assert counted == ["a"]
    assert "another table" not in (workshop.reports / "latest" / "tables" / "a.parquet").read_text(encoding="utf-8")


def test_a_run_that_failed_is_taken_up(workshop: Workshop, counted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    execute = Kernels.execute

    def fail(self: Kernels, notebook: Notebook, **given: object) -> None:
        if notebook.topic == "b":
            raise ZeroDivisionError
        execute(self, notebook, **given)

    workshop.add("10_a", ["book.settings.rfm", "3"], writes=["a"])
    with monkeypatch.context() as broken:
        broken.setattr(Kernels, "execute", fail)
        with pytest.raises(ZeroDivisionError):
            run_job(workshop.job())
    assert counted == ["a"]
    run_job(workshop.job())
    assert counted == ["a", "b"]


def test_the_draft_makes_again_what_its_settings_changed(workshop: Workshop, counted: list[str]) -> None:
    draft = workshop.reports / "draft"
    assert not refresh_draft(workshop.job(), draft)  # taken from the run
    assert make_table(workshop.job(), draft, "b") == ["10_a", "20_b"]
    assert counted == []
    assert make_table(workshop.job(), draft, "b") == []
    changed = workshop.job(**{"rfm.bins": "4"})
    assert not refresh_draft(changed, draft)
    assert make_table(changed, draft, "b") == ["10_a"]
    assert counted == ["a"]


def test_nothing_is_kept_where_there_is_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tmp_path / "made"
    made.mkdir()
    (made / "table").write_text("1", encoding="utf-8")
    kept = Kept(tmp_path / "kept")

    def copy(source: Path, to: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr("shutil.copyfile", copy)
        kept.keep("a", "state", made, [made / "table"])
    assert not kept.restore("a", "state", tmp_path / "to")
    assert list((tmp_path / "kept").iterdir()) == []
    kept.keep("a", "state", made, [made / "table"])
    assert not kept.restore("a", "other", tmp_path / "to")
    assert not kept.restore("a", "state", tmp_path / "to", wanted=["page"])
    assert kept.restore("a", "state", tmp_path / "to", wanted=["table"])
    assert (tmp_path / "to" / "table").read_text(encoding="utf-8") == "1"


def test_what_runs_before_decided_runs_who_asks_for_it(
    workshop: Workshop, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.add("30_c", ["book.stated"], writes=["c"])
    run_job(workshop.job())
    assert counted == ["c"]
    monkeypatch.setattr(fresh, "kept_decisions", lambda *given: {"horizon_days": 45})
    run_job(workshop.job())
    assert counted == ["c", "c"]


def test_settings_that_are_handed_on_are_read(workshop: Workshop, counted: list[str]) -> None:
    workshop.add("30_c", ["print(book.settings)"], writes=["c"])
    run_job(workshop.job())
    run_job(workshop.job(**{"pareto.demand": "orders"}))
    assert counted == ["c", "c"]
