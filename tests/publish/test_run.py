"""Does a run publish all or nothing, in the right order, and name what failed?"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import sys
import types
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pandas as pd
import pytest
from jupyter_core.utils import ensure_event_loop

from kalib import cli
from kalib.errors import BusyError, DataError, NotebookError, SettingsError
from kalib.publish.kernels import Kernels
from kalib.publish.last_run import find_last_run
from kalib.publish.plan import Notebook, plan_notebooks, read_notebooks
from kalib.publish.record import kept_decisions, read_json, write_json
from kalib.publish.run import _run_plan, build_apart, run_job
from kalib.settings import read_job
from kalib.words.told import speaking, speaks
from tests.conftest import OPEN, ORDERS, PARAMETERS, Workshop, texts

pytestmark = pytest.mark.usefixtures("ledger_within")


@pytest.fixture(autouse=True)
def plain_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pages be plain files: what they look like is tested beside the templates."""

    def write_pages(folder: Path, *, languages: list[str], job: object, report: object) -> None:
        (folder / "index.html").write_text(f"{languages}", encoding="utf-8")

    def write_index(reports: Path, *, newest: Path) -> Path:
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

    def execute(self: Kernels, notebook: Notebook, *, parameters: Mapping, output: Path, again: Mapping) -> None:
        for page, own in {output: parameters, **again}.items():
            leave_record(notebook, own, page)

    def leave_record(notebook: Notebook, parameters: Mapping, output: Path) -> None:
        ran.append((notebook.name, dict(parameters)))
        build = Path(parameters["run"])
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(notebook.file.read_text(encoding="utf-8"), encoding="utf-8")
        record = {
            "answer": f"{parameters['language']} answer",
            "tables": dict.fromkeys(notebook.writes, 1),
            "skipped": {},
            "decisions": {"horizon_days": {"value": 45, "why": "test"}},
            "models": {},
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


def test_a_second_language_is_shown_beside_the_first(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"], reads=["b"])
    workshop.add("20_b", ["1"], writes=["b"])
    published = run_job(workshop.job(language="[en, zh]"))
    said = [(name, values["language"]) for name, values in no_kernels]
    assert said == [("20_b", "en"), ("20_b", "zh"), ("10_a", "en"), ("10_a", "zh")]
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
    assert {path.name for path in workshop.reports.iterdir()} == {".kept", ".lock"}


def test_a_run_with_a_damaged_record_is_passed_over(
    workshop: Workshop, no_kernels: list, capsys: pytest.CaptureFixture
) -> None:
    workshop.add("10_a", ["1"], parameters="horizon_days = None\n")
    sound, damaged = run_job(workshop.job()), run_job(workshop.job())
    (damaged / "run.json").write_bytes(b'{"job": "tiny", "as_of": "2025-0')
    halve(workshop)
    with pytest.raises(DataError, match="at the last run there were 5 rows"):  # of the sound one
        run_job(workshop.job())
    rewrite(workshop, ORDERS)
    assert run_job(workshop.job()).name == "2025-03-31-3"
    assert no_kernels[-1][1]["horizon_days"] == 45
    said = capsys.readouterr().err
    assert said.count(f"{damaged / 'run.json'} is damaged (") == 1
    assert "this run is passed over" in said
    cli.list_runs(out=workshop.reports.parent)
    listed = capsys.readouterr().out
    assert str(sound) in listed
    assert str(damaged) not in listed


def test_what_stands_in_the_way_is_said_before_the_work(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    (workshop.reports.parent / "index.html").mkdir(parents=True)
    with pytest.raises(SettingsError, match=r"index\.html is a folder; .* Move it away"):
        run_job(workshop.job())
    assert not no_kernels


def test_a_page_above_all_that_fails_publishes_nothing(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    first = run_job(workshop.job())

    def write_index(reports: Path, *, newest: Path) -> Path:
        assert newest.name == "2025-03-31-2"
        assert os.readlink(workshop.reports / "latest") == first.name
        raise PermissionError(13, "Permission denied")

    sys.modules["kalib.publish.index"].write_index = write_index
    with pytest.raises(
        SettingsError, match=r"index\.html: .* cannot be written \(Permission denied\)\. Nothing was published"
    ):
        run_job(workshop.job())
    assert os.readlink(workshop.reports / "latest") == first.name
    assert runs_of(workshop) == [first.name]
    assert not hidden(workshop.reports)
    assert not list(workshop.reports.glob(".latest*"))


# --- data that went bad -------------------------------------------------------------------------------------------


def halve(workshop: Workshop) -> None:
    """Leave every second order of the file, the first and the last among them."""
    header, *rows = ORDERS.splitlines(keepends=True)
    rewrite(workshop, header + "".join(rows[::2]))


def rewrite(workshop: Workshop, content: str) -> None:
    (workshop.root / "data" / "orders.csv").write_text(content, encoding="utf-8")


def runs_of(workshop: Workshop) -> list[str]:
    return sorted(path.name for path in workshop.reports.iterdir() if path.name[0] != "." and not path.is_symlink())


def test_half_an_export_is_refused_until_it_is_said_to_be_right(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    run_job(workshop.job())
    halve(workshop)
    with pytest.raises(DataError) as refusal:
        run_job(workshop.job())
    assert refusal.value.rule == "data_shrank"
    said = str(refusal.value)
    assert "up to 2025-03-31 there are 3 rows, and at the last run there were 5 rows" in said
    assert "there are 2 customers, and at the last run there were 3 customers" in said
    assert "net sales of 35.50, and at the last run there were net sales of 165.50" in said
    assert "`-p tolerance=1`" in said
    assert runs_of(workshop) == ["2025-03-31-1"]
    assert os.readlink(workshop.reports / "latest") == "2025-03-31-1"
    assert not hidden(workshop.reports)
    for part in ("rows", "customers"):  # the money is still too little
        with pytest.raises(DataError, match=r"data/orders\.csv: up to .* net sales of 35\.50"):
            run_job(workshop.job(**{f"tolerance.{part}": "1"}))
    assert run_job(workshop.job(tolerance="1")).name == "2025-03-31-2"
    assert run_job(workshop.job()).name == "2025-03-31-3"  # from now on that is what there is
    rewrite(workshop, ORDERS)
    with pytest.raises(DataError, match="there are 5 rows, and at the last run there were 3 rows"):
        run_job(workshop.job())


def test_a_check_compares_with_the_last_run_as_well(
    workshop: Workshop, no_kernels: list, capsys: pytest.CaptureFixture
) -> None:
    workshop.add("10_a", ["1"])
    run_job(workshop.job())
    cli.check(workshop.file, as_json=True, tables=None)
    assert json.loads(capsys.readouterr().out)["rows_used"] == 5
    halve(workshop)
    tables = workshop.root / "checked"
    with pytest.raises(DataError, match="there are 3 rows, and at the last run there were 5 rows"):
        cli.check(workshop.file, as_json=True, tables=tables)
    (issue,) = json.loads(capsys.readouterr().out)["issues"]
    assert (issue["rule"], issue["action"]) == ("data_shrank", "refused")
    assert not tables.exists()
    content = workshop.file.read_text(encoding="utf-8")
    workshop.file.write_text(content + "tolerance: {rows: 0.4, customers: 0.4, money: 0.8}\n", encoding="utf-8")
    cli.check(workshop.file, as_json=True, tables=tables)
    assert json.loads(capsys.readouterr().out)["rows_used"] == 3
    assert tables.is_dir()


def test_data_that_goes_on_is_no_data_that_went_bad(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    run_job(workshop.job())
    later = "".join(f"dan{n},2025-05-{n:02},x{n},50.00\n" for n in range(1, 31))
    rewrite(workshop, ORDERS + later)
    assert run_job(workshop.job()).name == "2025-05-30-1"


def test_rows_after_a_date_that_stays_are_no_bad_rows(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    run_job(workshop.job(as_of="2025-03-31"))
    rewrite(workshop, ORDERS + "ann,2025-06-01,6,1.00\nbob,2025-07-01,7,1.00\n")
    assert run_job(workshop.job(as_of="2025-03-31")).name == "2025-03-31-2"


def test_a_date_ahead_of_the_data_does_not_make_the_rest_of_it_new(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    run_job(workshop.job(as_of="2025-12-31"))
    rewrite(workshop, ORDERS + "".join(f"dan{n},2025-05-{n:02},x{n},50.00\n" for n in range(1, 31)))
    assert run_job(workshop.job(as_of="2025-12-31")).name == "2025-12-31-2"
    assert run_job(workshop.job()).name == "2025-05-30-1"


def test_returns_are_no_missing_rows(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    rewrite(workshop, ORDERS + "".join(f"ann,2025-02-06,r{n},-1.0{n}\n" for n in range(8)))
    assert run_job(workshop.job()).name == "2025-03-31-1"
    assert run_job(workshop.job()).name == "2025-03-31-2"


def test_many_bad_rows_at_once_are_refused(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    run_job(workshop.job())
    rewrite(workshop, ORDERS + ",2025-03-30,6,1.00\n")
    with pytest.raises(DataError, match=r"16\.7% of the rows are set aside, and at the last run 0\.0%"):
        run_job(workshop.job())
    assert run_job(workshop.job(**{"tolerance.set_aside": "0.2"})).name == "2025-03-31-2"


def test_a_job_with_other_data_is_not_compared(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    run_job(workshop.job())
    halve(workshop)
    with pytest.raises(DataError, match="at the last run"):
        run_job(workshop.job(horizon_days="60", language="zh", note="another note"))
    others = {"read.duplicates": "keep", "rules.amount_zero": "set_aside", "timezone": "Asia/Shanghai"}
    for n, (setting, value) in enumerate(others.items(), 2):
        assert run_job(workshop.job(**{setting: value})).name == f"2025-03-31-{n}"


def test_data_that_ends_earlier_is_refused_unless_the_date_is_asked_for(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    run_job(workshop.job())
    rewrite(workshop, "".join(ORDERS.splitlines(keepends=True)[:-1]))
    with pytest.raises(DataError) as refusal:
        run_job(workshop.job())
    assert (refusal.value.rule, refusal.value.value) == ("data_shrank", "2025-03-01")
    assert "the last order is dated 2025-03-01, and at the last run it was 2025-03-31" in str(refusal.value)
    assert "`-p as_of=2025-03-01`" in str(refusal.value)
    assert runs_of(workshop) == ["2025-03-31-1"]
    assert run_job(workshop.job(as_of="2025-03-01")).name == "2025-03-01-1"
    with pytest.raises(DataError, match="at the last run it was 2025-03-31"):  # the earlier date is no newer word
        run_job(workshop.job())


def test_another_file_name_is_no_other_data(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    run_job(workshop.job())
    halve(workshop)
    (workshop.root / "data" / "orders.csv").rename(workshop.root / "data" / "april.csv")
    with pytest.raises(DataError, match="there are 3 rows, and at the last run there were 5 rows") as refusal:
        run_job(workshop.job(source="data/april.csv"))
    assert refusal.value.rule == "data_shrank"
    assert "The last run was made from data/orders.csv: if that is another business" in str(refusal.value)
    assert run_job(workshop.job(source="data/april.csv", tolerance="1")).name == "2025-03-31-2"


def test_an_earlier_date_or_some_pages_are_no_newer_word(
    workshop: Workshop, no_kernels: list, capsys: pytest.CaptureFixture
) -> None:
    workshop.add("10_a", ["1"])
    workshop.add("20_b", ["1"])
    run_job(workshop.job(horizon_days="45"))
    assert run_job(workshop.job(as_of="2025-03-01")).name == "2025-03-01-1"
    assert (
        "2025-03-01-1 is of an earlier date than the last run: `latest` stays at 2025-03-31-1."
        in capsys.readouterr().err
    )
    assert run_job(workshop.job(as_of="2025-05-01"), only=["a"]).name == "2025-05-01-1"
    assert "2025-05-01-1 has some of the pages only: `latest` stays at 2025-03-31-1." in capsys.readouterr().err
    assert os.readlink(workshop.reports / "latest") == "2025-03-31-1"
    assert find_last_run(workshop.reports)[0].name == "2025-03-31-1"
    assert run_job(workshop.job()).name == "2025-03-31-2"
    assert os.readlink(workshop.reports / "latest") == "2025-03-31-2"


def test_what_some_pages_decided_does_not_come_before_a_whole_run(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    for run, only in ((run_job(workshop.job()), []), (run_job(workshop.job(as_of="2025-05-01"), only=["a"]), ["a"])):
        facts = read_json(run / "run.json")
        assert facts["only"] == only
        facts["decisions"]["horizon_days"]["value"] = 99 if only else 45
        write_json(run / "run.json", facts)
    assert kept_decisions(workshop.reports, dt.date(2025, 6, 1)) == {"horizon_days": 45}


def test_two_files_do_not_share_a_folder_without_a_word(workshop: Workshop, no_kernels: list) -> None:
    workshop.add("10_a", ["1"])
    run_job(workshop.job())
    data = workshop.root / "data"
    other = workshop.root / "jobs" / "other.yaml"
    content = workshop.file.read_text(encoding="utf-8").replace("data/orders.csv", "data/sales.csv")
    (data / "sales.csv").write_text("kunde" + ORDERS[ORDERS.index(",") :], encoding="utf-8")
    other.write_text(content.replace(f"customer_id: {ORDERS.split(',')[0]}", "customer_id: kunde"), encoding="utf-8")
    with pytest.raises(
        SettingsError, match=r"made from data/orders\.csv by jobs/tiny\.yaml, with other columns\."
    ) as refusal:
        run_job(read_job(other))
    assert "`job: tiny-2`" in str(refusal.value)
    strangers = ORDERS.replace("\nann", "\nxann").replace("\nbob", "\nxbob").replace("\ncho", "\nxcho")
    (data / "sales.csv").write_text(strangers, encoding="utf-8")
    other.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"only 0% of the customers stand in both it and data/sales\.csv"):
        run_job(read_job(other))
    assert run_job(read_job(other, {"tolerance": "1"})).name == "2025-03-31-2"


def test_a_doubt_that_was_settled_on_other_evidence_is_raised_again(
    workshop: Workshop, no_kernels: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.add("10_a", ["1"])
    doubt = {"doubt": "status_unclear", "settled": "as_is", "count": 3, "share_of_money": 0.004, "values": ["Closed"]}

    def raising(**change: object) -> None:
        found = [doubt | change]
        monkeypatch.setattr("kalib.publish.run.build_apart", lambda *a: replace(build_apart(*a), doubts=found))

    raising()
    kept = read_json(run_job(workshop.job(), fresh=True) / "run.json")["doubts"]
    assert kept == [doubt]
    raising(count=4, share_of_money=0.009)  # more than twice, and no whole point
    run_job(workshop.job(), fresh=True)
    raising(values=["Closed", "Storno"])
    with pytest.raises(DataError, match=r"new since then: 'Storno' \(then: 'Closed'\)") as refusal:
        run_job(workshop.job(), fresh=True)
    assert (refusal.value.rule, refusal.value.value) == ("status_unclear", "Storno")
    given = {"settled.status_unclear": "as_is"}
    assert f"`-p settled.status_unclear={given['settled.status_unclear']}`" in str(refusal.value)
    run_job(workshop.job(**given), parameters=given, fresh=True)
    run_job(workshop.job(), fresh=True)
    raising(share_of_money=0.03)
    with pytest.raises(DataError, match=r"3 rows with 0\.4% of the money, and now about 3 with 3\.0%"):
        run_job(workshop.job(), fresh=True)
    raising(share_of_money=0.03, settled="leave_out")  # another answer is another question
    run_job(workshop.job(), fresh=True)


# --- kernels ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (
            ["fine = 1", "# says no\nraise ValueError('no\\nmore')"],
            r"20_b, cell 4, line 2 \(`raise ValueError\('no\\nmore'\)`\): ValueError: no\. As executed",
        ),
        (
            ["table = 1\n\nfor n in range(2):\n    check = table[n]"],
            r"20_b, cell 3, line 4 \(`check = table\[n\]`\): TypeError",
        ),
        (
            ["try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise KeyError('x')"],
            r"cell 3, line 4 \(`raise KeyError\('x'\)`\): KeyError",
        ),
        (["good = 1\nbad = (1"], r"20_b, cell 3, line 2 \(`bad = \(1`\): SyntaxError"),
        (["import os; os.kill(os.getpid(), 9)", "1"], r"20_b, cell 3 \(`import os; .*ended the kernel"),
        (["import sys; sys.exit(0)", "1"], r"20_b, cell 3 \(`import sys; .*: left by sys.exit\(0\)"),
        (["1"], r"20_b did not close its record; its last cell must be `book.close\(facts\)`"),
    ],
    ids=["raises", "raises within", "raises again", "is no Python", "killed", "leaves", "does not close"],
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
    assert sorted(path.name for path in workshop.reports.iterdir()) == [
        ".kept",
        ".lock",
        "2025-01-01-1",
        "failed",
        "latest",
    ]


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


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_a_lock_that_leads_to_another_file_leaves_it_as_it_is(workshop: Workshop, link: str) -> None:
    other = workshop.root / "other"
    other.write_text("precious", encoding="utf-8")
    workshop.reports.mkdir(parents=True)
    getattr(workshop.reports / ".lock", link)(other)
    with pytest.raises(SettingsError, match=r"\.lock: a lock file of kalib's must stand here"):
        run_job(workshop.job())
    assert other.read_text(encoding="utf-8") == "precious"


def test_notebooks_that_run_at_once_share_no_event_loop_and_speak_one_language(tmp_path: Path) -> None:
    """A program that has an event loop of its own, such as JupyterLab, must not lend it to two threads."""
    mine = ensure_event_loop()
    together = Barrier(2, timeout=30)

    def make(notebook: types.SimpleNamespace) -> tuple[object, str]:
        together.wait()  # both are under way at once
        return ensure_event_loop(), speaks()

    plan = [types.SimpleNamespace(name=name, reads=(), writes=()) for name in "ab"]
    pages = types.SimpleNamespace(make=make, kernels=types.SimpleNamespace(stop=lambda: None))
    with speaking("zh"):
        ended = [result for _, result in _run_plan(plan, pages, tmp_path)]
    loops = {loop for loop, _ in ended}
    assert len(loops) == 2
    assert mine not in loops
    assert [language for _, language in ended] == ["zh", "zh"]
    for loop in loops | {mine}:
        loop.close()
