"""Do doubts read well on the quality page, with what each reading would give, and not at all where there is none?"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import nbformat
import pytest

from kalib.ledger.doubts.doubt import Reading
from kalib.ledger.report import LedgerReport, read_report, write_report
from kalib.publish.doubts import count_doubts, list_readings, say_doubts
from kalib.publish.html import read_page
from kalib.publish.last_run import keep_doubts
from kalib.publish.workbook import Run
from kalib.settings import Job
from kalib.words import Words
from kalib.words.told import told


def reading(code: str, says: str, **figures: object) -> dict[str, object]:
    one = Reading(code, told(says), (), **figures)
    return {**dataclasses.asdict(one), "reading": code, "says": one.says.stored()}


DOUBTS = [
    {
        "doubt": "status_unclear",
        "says": told("{count:,} lines have a status that may be no sale", count=1200).stored(),
        "count": 1200,
        "money": 970.0,
        "share_of_money": 0.866,
        "column": "status",
        "first": [],
        "values": ["Closed"],
        "readings": [
            reading("leave_out", "They are left out.", net_sales=150.0, orders=2, customers=2),
            reading("as_is", "They are sales.", net_sales=1120.0, orders=4, customers=2),
        ],
        "stands": True,
        "settled": "leave_out",
    },
    {
        "doubt": "order_shared",
        "says": told("Orders have numbers of others.").stored(),
        "count": 3,
        "share_of_money": 0.0,
        "values": [],
        "readings": [reading("as_is", "They count.", net_sales=1120.0, as_of="2026-01-31")],
        "stands": True,
        "settled": None,
    },
]


@pytest.fixture
def report(tmp_path: Path) -> LedgerReport:
    import datetime as dt

    day = dt.date(2026, 1, 31)
    made = LedgerReport(day, 4, 4, 0, day, 150.0, [], {}, {}, doubts=DOUBTS)
    write_report(made, tmp_path)
    return read_report(tmp_path)


def test_a_report_keeps_its_doubts_and_one_of_an_older_kalib_has_none(report: LedgerReport, tmp_path: Path) -> None:
    assert report.doubts == json.loads(json.dumps(DOUBTS))
    file = tmp_path / "ledger.json"
    stored = json.loads(file.read_text(encoding="utf-8"))
    del stored["doubts"]
    file.write_text(json.dumps(stored), encoding="utf-8")
    assert read_report(tmp_path).doubts == []


def test_what_was_chosen_is_said_and_what_each_reading_gives(report: LedgerReport) -> None:
    first, second = say_doubts(report.doubts, "en")
    assert first["says"] == "1,200 lines have a status that may be no sale."
    assert (first["rows"], first["share"], first["chosen"]) == (1200, 0.866, "They are left out")
    assert second["chosen"] is None
    assert (first["is_told_only"], second["is_told_only"]) == (False, True)
    table = list_readings(report.doubts, "en")
    assert list(table) == ["doubt", "reading", "chosen", "net_sales", "orders", "customers"]  # no day is moved
    assert table["chosen"].tolist() == ["✓", ""]  # what has one reading leaves nothing to choose
    assert table["net_sales"].tolist() == [150.0, 1120.0]
    assert count_doubts(report.doubts) == {"doubts": 2, "settled": 1, "told": 1}


def test_a_run_keeps_of_a_doubt_what_the_next_one_is_compared_with(report: LedgerReport) -> None:
    assert keep_doubts(report)[0] == {
        "doubt": "status_unclear",
        "settled": "leave_out",
        "count": 1200,
        "share_of_money": 0.866,
        "values": ["Closed"],
    }


def shown(report: LedgerReport, language: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> object:
    """Return the page that the quality notebook's cell of doubts makes."""
    outputs: list = []
    monkeypatch.setattr(Run, "report", report)
    monkeypatch.setattr(Run, "_show", lambda self, output: outputs.append(output))
    settings = Job(
        file=tmp_path / "x.yaml",
        job="x",
        source="a.csv",
        columns={"customer_id": "a", "order_date": "b", "amount": "c"},
        currency="GBP",
    )
    Run(tmp_path, settings=settings, language=language).show_doubts()
    made = [nbformat.v4.new_output("display_data", data=data, metadata=about) for data, about in outputs]
    cells = [nbformat.v4.new_markdown_cell("# Can it be trusted?"), nbformat.v4.new_code_cell("x", outputs=made)]
    return read_page(nbformat.v4.new_notebook(cells=cells), name="q", words=Words(language))


def test_the_page_begins_with_them(report: LedgerReport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (section,) = shown(report, "en", monkeypatch, tmp_path).sections
    assert section.heading == "2 doubts about the source: 1 settled by the job, 1 told"
    notes = [str(part.html) for part in section.parts if part.kind == "note"]
    assert notes == [
        "1,200 lines have a status that may be no sale. That is 1,200 rows and 86.6% of the money. The job chose: They are left out.",
        "Orders have numbers of others. Nothing was changed for it.",
    ]
    (table,) = [str(part.html) for part in section.parts if part.kind == "table"]
    assert "Order statuses that may be no sale" in table
    assert "£1,120" in table


def test_the_last_day_is_shown_where_readings_move_it(report: LedgerReport) -> None:
    days = [reading("Asia/Tokyo", "There.", as_of="2026-02-01"), reading("as_is", "Here.", as_of="2026-01-31")]
    table = list_readings([*report.doubts, {**DOUBTS[0], "doubt": "time_zone", "readings": days}], "en")
    assert table["as_of"].tolist()[2:] == ["2026-02-01", "2026-01-31"]


def test_what_moves_little_says_so_and_no_share_is_said_twice(
    report: LedgerReport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    says = told("Walk-in: {share:.1%} of the money, as one account.", share=0.0004).stored()
    small = {**DOUBTS[0], "doubt": "walk_in", "says": says, "share_of_money": 0.0004, "settled": None}
    (section,) = shown(dataclasses.replace(report, doubts=[small]), "en", monkeypatch, tmp_path).sections
    (note,) = [str(part.html) for part in section.parts if part.kind == "note"]
    assert note == "Walk-in: 0.0% of the money, as one account. It moves so little that the figures may stand."


def test_the_page_has_them_in_chinese(report: LedgerReport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (section,) = shown(report, "zh", monkeypatch, tmp_path).sections
    assert section.heading == "关于来源有2项疑问：任务已决定1项，告知1项"


def test_without_doubts_nothing_is_shown(report: LedgerReport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = shown(dataclasses.replace(report, doubts=[]), "en", monkeypatch, tmp_path)
    assert page.sections == []


def test_a_note_leads_to_another_page() -> None:
    from kalib.publish import display

    data, about = display.note("see **there** <b>", page="00_quality")
    cell = nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("display_data", data=data, metadata=about)])
    page = read_page(nbformat.v4.new_notebook(cells=[cell]), name="q", words=Words("en"))
    assert str(page.lead[0].html) == '<a href="00_quality.html">see <strong>there</strong> &lt;b&gt;</a>'
