"""Does a notebook by hand find or make what it reads, and can it spoil nothing that is published?"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kalib.errors import MissingColumnsError, NotebookError, NotEnoughDataError, SettingsError
from kalib.publish.record import hide_secrets, plain_settings, read_settings, write_json, write_settings
from kalib.publish.workbook import Run, open_run
from tests.conftest import Workshop

pytestmark = pytest.mark.usefixtures("ledger_within")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Collect what a notebook shows: role and plain text."""
    outputs: list[tuple[str, str]] = []

    def show(bundle: dict, *, raw: bool, metadata: dict) -> None:
        outputs.append((metadata["kalib"]["role"], bundle["text/plain"]))

    monkeypatch.setattr("kalib.publish.workbook.show_output", show)
    return outputs


@pytest.fixture
def book(workshop: Workshop) -> Run:
    return open_run(job="jobs/tiny.yaml", language="en")


def rfm(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame({"customer_id": ["b", "a"], "r_score": 1, "f_score": 1, "m_score": 1, "segment": "new"})
    return frame.assign(segment_8="new", **columns)


def test_the_draft_is_made_when_it_is_missing_and_when_the_data_change(
    workshop: Workshop, book: Run, capsys: pytest.CaptureFixture
) -> None:
    assert len(book.read("customers")) == book.rows("customers") == 3
    assert book.as_of.isoformat() == "2025-03-31"
    assert re.fullmatch(r"Read the source of tiny anew into the draft, \d+\.\d s\.\n", capsys.readouterr().out)
    again = open_run(job="jobs/tiny.yaml")
    assert list(again.read("customers", ["customer_id"]).columns) == ["customer_id"]
    assert capsys.readouterr().out == ""
    book.write("mine", pd.DataFrame({"a": [1]}))
    with (workshop.root / "data" / "orders.csv").open("a", encoding="utf-8") as file:
        file.write("dee,2025-04-02,6,1.00\n")
    changed = open_run(job="jobs/tiny.yaml")
    assert changed.rows("customers") == 4
    assert not changed.has("mine")


def test_the_job_is_found_upward_and_a_typed_one_goes_before_that_of_the_lab(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workshop.root / "notebooks")
    assert open_run(job="jobs/tiny.yaml").folder == workshop.reports / "draft"
    monkeypatch.setenv("KALIB_JOB", str(workshop.file))
    assert open_run(job="").folder == workshop.reports / "draft"
    with pytest.raises(SettingsError, match=r"jobs/nosuch\.yaml: there is no such job file, neither from"):
        open_run(job="jobs/nosuch.yaml")
    with pytest.raises(SettingsError, match="is not the folder of a run"):
        open_run(str(workshop.root), job="jobs/tiny.yaml")


def test_what_the_draft_lacks_is_made_by_the_notebooks_that_write_it(
    workshop: Workshop, book: Run, capsys: pytest.CaptureFixture
) -> None:
    workshop.add_maker("10_first", writes="first", then=["assert run"])
    workshop.add_maker("20_second", writes="second", reads="first")
    assert len(book.read("second")) == 3
    assert "Ran 10_first, 20_second on the draft to make second" in capsys.readouterr().out
    assert book.has("first")
    assert not book.has("third")
    assert sorted(path.name for path in workshop.reports.iterdir()) == [".kept", "draft"]


def test_a_table_that_is_not_there_says_why(book: Run) -> None:
    assert book.missing("accounts")
    assert book.missing("customers") is None
    with pytest.raises(NotebookError, match=r"`accounts` is not in this run \(.+\)\. Ask `book.has\('accounts'\)`"):
        book.read("accounts")
    with pytest.raises(MissingColumnsError, match="nosuch"):
        book.read("customers", ["nosuch"])


def test_a_table_is_checked_rounded_and_sorted(book: Run) -> None:
    given = rfm(net_sales=[1.239, 0.1 + 0.2], other=[0.12345678912345, 1.0])
    before = given.copy()
    book.write("rfm", given)
    pd.testing.assert_frame_equal(given, before)
    written = book.read("rfm")
    assert written["customer_id"].tolist() == ["a", "b"]
    assert written["net_sales"].tolist() == [0.3, 1.24]
    assert written["other"].tolist() == [1.0, 0.12345678912345]
    with pytest.raises(MissingColumnsError, match="m_score"):
        book.write("rfm", given.drop(columns="m_score"))
    with pytest.raises(ValueError, match="one row per"):
        book.write("rfm", given.assign(customer_id="a"))
    with pytest.raises(NotebookError, match="is the ledger's table"):
        book.write("customers", given)
    with pytest.raises(NotebookError, match="no name for a table"):
        book.write("../rfm", given)
    assert [path.name for path in (book.folder / "tables").iterdir() if path.name.startswith(".")] == []


def test_tables_that_hang_together_are_left_out_together(book: Run, shown: list) -> None:
    with book.making("rfm", "tiers"):
        raise NotEnoughDataError("no_such_reason")
    book.close()
    record = json.loads((book.folder / "records" / "by-hand.json").read_text(encoding="utf-8"))
    assert set(record["skipped"]) == {"rfm", "tiers"}
    assert sum("no_such_reason" in str(output) for output in shown) == 1  # said once


def test_a_skipped_table_is_absent_with_its_reason(book: Run, shown: list) -> None:
    book.write("rfm", rfm())
    book.skip("rfm", NotEnoughDataError("no_such_reason", needed=np.int64(12)))
    assert not book.has("rfm")
    assert book.missing("rfm") == "no_such_reason"
    assert shown == [("note", "no_such_reason")]
    book.close({"share": np.float64("nan"), "day": pd.Timestamp("2025-01-02")})
    record = json.loads((book.folder / "records" / "by-hand.json").read_text(encoding="utf-8"))
    assert record["skipped"] == {"rfm": {"reason": "no_such_reason", "facts": {"needed": 12}}}
    assert record["facts"]["share"] is None
    assert record["facts"]["day"].startswith("2025-01-02")
    assert shown[-1][0] == "provenance"
    assert "5 rows read, 5 used" in shown[-1][1]


def test_sentences_name_the_fact_they_lack(book: Run, shown: list) -> None:
    book.note("run.rows", {"table": "rfm", "rows": 1})
    assert shown == [("note", "rfm: 1 row")]
    with pytest.raises(KeyError, match=r"`run\.rows` wants the fact 'rows'; given are \['table'\]"):
        book.note("run.rows", {"table": "rfm"})
    with pytest.raises(KeyError, match=r"no words for `nosuch\.key`"):
        book.note("nosuch.key")


def test_kpis_are_all_that_lies_below_a_name(book: Run, shown: list, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "x.kpis.b.label": "Bees",
        "x.kpis.b.value": "{bees:count}",
        "x.kpis.a.label": "Ants",
        "x.kpis.a.value": "{ants:percent}",
        "x.kpis.a.note": "of all",
        "x.kpis.a.tone": "bad",
    }
    monkeypatch.setattr("kalib.publish.workbook.read_words", lambda language: texts)
    book.words._texts.update(texts)
    book.kpis("x.kpis", {"bees": 1200, "ants": 0.5})
    assert shown == [("kpis", "Bees: 1,200\nAnts: 50% (of all)")]
    book.kpis(["x.kpis.b"], {"bees": 1})
    assert shown[-1] == ("kpis", "Bees: 1")


def test_a_published_run_is_read_and_never_written(workshop: Workshop, book: Run, shown: list) -> None:
    book.read("customers")
    published = workshop.reports / "2025-03-31-1"
    os.rename(book.folder, published)
    (published / "settings.json").unlink()
    facts = {"job": "tiny", "as_of": "2025-03-31", "made_at": "2025-04-01T06:00:00+00:00", "missing": {}}
    facts |= {"settings": plain_settings(workshop.job()), "decisions": {"horizon_days": {"value": 45}}}
    write_json(published / "run.json", facts)
    late = open_run(str(published), job="whatever")
    assert late.rows("customers") == 3
    with pytest.raises(NotebookError, match="is published and stays as it is"):
        late.write("rfm", rfm())
    late.close()
    assert not (published / "records").exists()
    draft = open_run(job="jobs/tiny.yaml")
    assert draft.kept("horizon_days") == 45
    assert draft.kept("active_days") is None


def publish(workshop: Workshop, name: str, frame: pd.DataFrame | None, **settings: object) -> None:
    """Put a published run of the job in its place, as the runner leaves it."""
    folder = workshop.reports / name
    (folder / "tables").mkdir(parents=True)
    if frame is not None:
        frame.to_parquet(folder / "tables" / "churn.parquet")
    facts = {
        "job": "tiny",
        "as_of": name[:10],
        "made_at": f"{name[:10]}T06:00:00+00:00",
        "missing": {},
        "decisions": {},
    }
    facts["settings"] = plain_settings(workshop.job()) | settings
    write_json(folder / "run.json", facts)


def test_earlier_runs_are_those_of_earlier_dates_the_newest_of_each(workshop: Workshop, book: Run) -> None:
    book.read("customers")
    empty = pd.DataFrame({"customer_id": ["a"], "horizon_days": [1]}).head(0)
    for name, horizon in [("2025-02-28-1", 10), ("2025-02-28-2", 20), ("2025-02-28-10", 30), ("2025-01-31-1", 40),
                          ("2025-03-31-1", 50), ("2025-04-30-1", 60)]:  # fmt: skip
        publish(workshop, name, pd.DataFrame({"customer_id": ["a", "b"], "horizon_days": horizon}))
    publish(workshop, "2025-02-01-1", None)  # a run whose data could not support the table
    publish(workshop, "2025-02-02-1", empty)
    publish(workshop, "2025-02-03-1", pd.DataFrame({"customer_id": ["a"]}))
    publish(workshop, "2025-02-04-1", pd.DataFrame({"customer_id": ["a"], "horizon_days": [70]}), level="parent")
    found = book.earlier("churn", ["horizon_days"])
    assert found[["run", "horizon_days"]].to_numpy().tolist() == [["2025-01-31-1", 40], ["2025-02-28-10", 30]]
    assert found["run_as_of"].tolist() == [pd.Timestamp("2025-01-31"), pd.Timestamp("2025-02-28")]
    assert book.earlier("churn")["run"].tolist() == ["2025-01-31-1", "2025-02-03-1", "2025-02-28-10"]
    assert book.earlier("nosuch").empty
    assert list(book.earlier("nosuch", ["horizon_days"])) == ["run", "run_as_of", "horizon_days"]
    assert book.read_earlier("churn", "2025-02-28-10")["horizon_days"].tolist() == [30, 30]
    for run in ("2025-03-31-1", "2025-04-30-1", "../elsewhere"):  # not of an earlier date, or no run at all
        with pytest.raises(NotebookError, match="lists the runs that have it"):
            book.read_earlier("churn", run)


@pytest.mark.parametrize("damage", ["cut", "no Parquet", "a damaged page"])
def test_a_damaged_table_of_an_earlier_run_is_passed_over_with_a_sentence(
    workshop: Workshop, book: Run, shown: list, damage: str
) -> None:
    book.read("customers")
    for name in ("2025-01-31-1", "2025-02-28-1"):
        publish(workshop, name, pd.DataFrame({"customer_id": [f"c{n}" for n in range(5000)], "horizon_days": 30}))
    file = workshop.reports / "2025-02-28-1" / "tables" / "churn.parquet"
    content = file.read_bytes()
    middle = len(content) // 3
    file.write_bytes(
        {
            "cut": content[:-20],
            "no Parquet": b"",
            "a damaged page": content[:4] + bytes(255 - byte for byte in content[4:middle]) + content[middle:],
        }[damage]
    )
    for _ in range(2):
        assert book.earlier("churn", ["horizon_days"])["run"].tolist() == ["2025-01-31-1"]
    assert [text for role, text in shown if role == "note"] == [
        "The table churn of the earlier run 2025-02-28-1 is damaged and was passed over. Take it from a copy, or remove "
        "the run's folder."
    ]
    with pytest.raises(NotebookError, match="lists the runs that have it"):
        book.read_earlier("churn", "2025-02-28-1")


def test_facts_are_remembered_in_the_record(book: Run, shown: list) -> None:
    book.read("customers")
    book.remember({"review": {"grade": {"run_as_of": pd.Timestamp("2025-02-28").date(), "auc": np.float64(0.5)}}})
    book.close()
    record = json.loads((book.folder / "records" / f"{book.name}.json").read_text())
    assert record["facts"] == {"review": {"grade": {"run_as_of": "2025-02-28", "auc": 0.5}}}


def test_a_part_of_the_page_gives_way_to_a_sentence(book: Run, shown: list) -> None:
    with book.part():
        raise NotEnoughDataError("churn_nobody_active")
    with book.part("leaving.partial.expected_none"):
        raise NotEnoughDataError("churn_nobody_active")
    said = "Nobody was active one horizon ago, so there is nobody who could have left since."
    assert shown == [("note", said), ("note", f"Partial churn cannot be forecast. {said}")]


@pytest.fixture
def under_the_runner(workshop: Workshop, book: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a build folder and the environment in which the runner starts 20_tiers."""
    book.read("customers")
    build = workshop.reports / ".build-1"
    os.rename(book.folder, build)
    write_settings(workshop.job(language="[en, zh]"), build)
    plan = {
        "10_rfm": {"reads": [], "writes": ["rfm"], "parameters": {}},
        "20_tiers": {"reads": ["customers"], "writes": ["tiers"], "parameters": {"n": 3}},
    }
    write_json(build / "plan.json", plan)
    monkeypatch.setenv("KALIB_NOTEBOOK", "20_tiers")
    return build


def test_under_the_runner_tables_are_those_of_the_metadata(under_the_runner: Path) -> None:
    book = open_run(str(under_the_runner), job="x")
    with pytest.raises(NotebookError, match=r"20_tiers reads `rfm`; add it to `kalib\.reads`"):
        book.read("rfm")
    with pytest.raises(NotebookError, match=r"20_tiers writes `rfm`; add it to `kalib\.writes`"):
        book.write("rfm", rfm())
    with pytest.raises(NotebookError, match=r"`tiers` is not in this run"):
        book.read("tiers")


def test_a_second_language_leaves_the_tables_alone(under_the_runner: Path, shown: list) -> None:
    tiers = pd.DataFrame({"customer_id": ["a"], "tier": "key", "tier_rank": 1, "tier_stability": 1.0})
    first = open_run(str(under_the_runner), job="x")
    first.write("tiers", tiers)
    first.close()
    second = open_run(str(under_the_runner), job="x", language="zh")
    second.write("tiers", tiers.assign(tier="tail"))
    second.close()
    assert second.read("tiers")["tier"].tolist() == ["key"]
    records = sorted(path.relative_to(first.folder).as_posix() for path in first.folder.glob("records/**/*.json"))
    assert records == ["records/20_tiers.json", "records/zh/20_tiers.json"]
    assert json.loads((first.folder / records[0]).read_text(encoding="utf-8"))["parameters"] == {"n": 3}


def test_no_password_is_written_down(workshop: Workshop) -> None:
    job = workshop.job(source="postgresql://ann:secret@host/db")
    write_settings(job, workshop.root / "run")
    assert "secret" not in (workshop.root / "run" / "settings.json").read_text(encoding="utf-8")
    assert read_settings(workshop.root / "run").source == ["postgresql://ann:***@host/db"]
    assert hide_secrets("postgresql://host/db?user=a&password=b") == "postgresql://host/db?user=a&password=***"
    assert hide_secrets("md:sales?motherduck_token=abc") == "md:sales?motherduck_token=***"
