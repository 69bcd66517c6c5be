"""Are exports of known systems read right or asked about, by `kalib init` and by a job mapped by hand, and clean logs left in peace?"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import clean_logs
import layouts_books
import layouts_erp
import layouts_shops
import pytest
import yaml
from examine import Outcome, run, write_books
from layouts_base import Book, Layout

from kalib.errors import DataError
from kalib.ledger.inspect import write_job_file

LAYOUTS = {layout.name: layout for part in (layouts_erp, layouts_shops, layouts_books) for layout in part.LAYOUTS}
LOGS = {log.name: log for log in clean_logs.LOGS}
ASKED = re.compile(r"please check|\?\?\?|not found|choose")


def sixths(names: Sequence[str]) -> list:
    """Return names of cases of which a sixth is quick and the rest is CI's."""
    return [pytest.param(name, marks=() if at % 6 == 0 else pytest.mark.run) for at, name in enumerate(names)]


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read and judge alone: what the features make of it has tests of its own."""
    monkeypatch.setattr(sys.modules["kalib.ledger.building"], "_write_tables", write_books)


@pytest.mark.parametrize("name", sixths(list(LAYOUTS)))
def test_a_layout_mapped_by_hand_is_right_or_asked_about(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    folder = lay_out(layout, tmp_path / "case")
    text = yaml.safe_dump(layout.settings, allow_unicode=True, sort_keys=False)
    problems, _ = settle(layout, folder, text, [], tmp_path)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", sixths(list(LAYOUTS)))
def test_a_layout_goes_from_init_to_its_figures(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    folder = lay_out(layout, tmp_path / "case")
    out = folder / "job.yaml"
    look(layout, folder, out)
    text = out.read_text(encoding="utf-8")
    asked = [line for line in layout.adds if is_asked(text, line)]
    problems, added = settle(layout, folder, text, asked, tmp_path)
    if len(added) > layout.most:
        problems.append(f"lines: {len(added)} had to be settled by hand: {added}")
    assert not problems, "\n".join([*problems, *map(str.rstrip, text.splitlines())])


@pytest.mark.parametrize("name", sixths(list(LOGS)))
def test_a_clean_log_is_left_in_peace(name: str, tmp_path: Path) -> None:
    log = LOGS[name]
    folder = lay_out(log, tmp_path / "case")
    (folder / "job.yaml").write_text(
        yaml.safe_dump(log.settings, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    outcome = run(folder / "job.yaml", tmp_path / "run")
    assert outcome.trace is None
    assert outcome.code == 0, outcome.message
    assert not list(differences(log.right, outcome))
    assert outcome.said["rows_set_aside"] == 0, outcome.issues
    told = {doubt["doubt"] for doubt in outcome.said.get("doubts", ())}
    assert told <= set(log.told), f"told of a clean log, and not listed there: {told - set(log.told)}"


def test_the_corpora_are_large_and_their_names_are_unlike() -> None:
    assert len(LAYOUTS) >= 60
    assert len(LOGS) >= 40
    assert len({*LAYOUTS, *LOGS}) == sum(
        len(part.LAYOUTS) for part in (layouts_erp, layouts_shops, layouts_books)
    ) + len(clean_logs.LOGS)


# -------------------------------------------------------------------------------------------------------- how it is tried


def lay_out(layout: Layout, folder: Path) -> Path:
    """Write the files of a layout into a folder and return it."""
    folder.mkdir(parents=True)
    for name, content in layout.files.items():
        (folder / name).write_bytes(content)
    return folder


def look(layout: Layout, folder: Path, out: Path) -> None:
    """Write the job file as `kalib init` does. Where its refusal says so, the file is saved as UTF-8 first."""
    file = folder / next(iter(layout.files))
    try:
        write_job_file(file, out)
    except DataError as error:
        if error.rule not in layout.doubts:
            raise
        file.write_bytes(file.read_bytes().decode(layout.settings["read"]["encoding"]).encode())
        write_job_file(file, out)


def is_asked(text: str, line: str) -> bool:
    """Say whether the job file asks for what a line says: its key is open there, or there is a word to look at it."""
    key = line.split(":")[0].rpartition(".")[2]
    return any(ASKED.search(there) for there in text.splitlines() if re.match(rf"\W*{re.escape(key)}:", there))


def settle(layout: Layout, folder: Path, text: str, added: Sequence[str], place: Path) -> tuple[list[str], list[str]]:
    """Check a job; where it is refused for a doubt that is right, answer it and check again. Returns what is wrong, and the lines added."""
    lines = list(added)
    for attempt in range(4):
        (folder / "job.yaml").write_text("\n".join([text, *lines, ""]), encoding="utf-8")
        outcome = run(folder / "job.yaml", place / str(attempt))
        if outcome.trace is not None:
            return [f"stack trace: {outcome.trace}"], lines
        if outcome.code == 0:
            return list(differences(layout.right, outcome)), lines
        names = refusals(outcome)
        if not names <= {*layout.doubts, "settings"}:
            return [f"refused for {sorted(names)}, not for one of {layout.doubts}: {outcome.message[:600]}"], lines
        answers = layout.adds if names <= {"settings", "date_ambiguous"} else layout.settle
        more = [line for line in answers if line not in lines] or by_figures(layout, outcome)
        if not more:
            return [f"nothing settles {sorted(names)}: {outcome.message[:600]}"], lines
        lines += more
    return [f"still refused after {lines}: {outcome.message[:600]}"], lines


def refusals(outcome: Outcome) -> set[str]:
    """Return the names of what a job is refused for."""
    names = {doubt["doubt"] for doubt in outcome.said.get("doubts", ()) if not doubt["stands"]}
    return names or {issue["rule"] for issue in outcome.issues if issue["action"] == "refused"}


def by_figures(layout: Layout, outcome: Outcome) -> list[str]:
    """Return the lines that choose, for each doubt, the reading that gives the right net sales: as a person would decide."""
    wanted = float(sum(book.net_sales for book in layout.right.values()))
    lines = []
    for doubt in outcome.said.get("doubts", ()):
        if doubt["stands"]:
            continue
        fitting = [
            one
            for one in doubt["readings"]
            if one.get("net_sales") is not None and abs(one["net_sales"] - wanted) < 0.01
        ]
        reading = (fitting or doubt["readings"])[0]
        said = reading.get("settle") or f"settled.{doubt['doubt']}: {reading['reading']}"
        lines += said.splitlines() if isinstance(said, str) else said
    return lines


def differences(right: Mapping[str, Book], outcome: Outcome) -> Iterator[str]:
    """Yield where figures are not what is right. Customers may go by number or by name, so they are compared without either."""
    found = sorted(
        (Decimal(str(have.net_sales)).quantize(Decimal("0.01")), have.orders, str(have.last))
        for have in (outcome.customers or {}).values()
    )
    wanted = sorted((book.net_sales, book.orders, str(book.last)) for book in right.values())
    if found == wanted:
        return
    sums = [(sum(one[0] for one in some), sum(one[1] for one in some), len(some)) for some in (found, wanted)]
    yield f"wrong: net sales, orders and customers are {tuple(map(str, sums[0]))}, not {tuple(map(str, sums[1]))}"
    for have in [one for one in found if one not in wanted][:4]:
        yield f"wrong: no customer has {tuple(map(str, have))}"
    for want in [one for one in wanted if one not in found][:4]:
        yield f"wrong: one should have {tuple(map(str, want))}"
    told = [f"{issue['action']} {issue['rule']} {issue['count']} {issue['value'] or ''}" for issue in outcome.issues]
    yield f"issues: {told}"
