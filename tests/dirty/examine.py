"""Was a dirty file treated as an honest careful person would? Runs `kalib check` on a case and names all that is wrong."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from case import Case, Doubted, Figures, Gives, Guessed, Met, Refused, Row, Used, Verdict, figures
from generate import write
from ibis.backends import BaseBackend as Backend
from ibis.expr.types import Table
from typer.testing import CliRunner

from kalib.cli import app
from kalib.errors import KalibError
from kalib.ledger import apart, build
from kalib.ledger.companions import Companions
from kalib.ledger.inspect import write_job_file

ESCAPED = Path("/tmp/kalib-escaped.csv")
"""Where hostile cases would leave a file if they could."""
LONGEST_MESSAGE = 2000
INNARDS = (
    "Traceback",
    "duckdb.",
    "pyarrow.",
    "DuckDB",
    "Python",
    "Invalid Input Error",
    "Conversion Error",
    "Binder Error",
    "Out of Range Error",
    "IO Error",
    "object at 0x",
)
"""What the person who must mend a file should not have to read."""


@dataclass(frozen=True)
class Outcome:
    """What `kalib check --json --tables` did: an exit code, what it printed, the tables that it wrote."""

    code: int
    said: Mapping[str, object]
    message: str
    customers: dict[str, Figures] | None
    aside: list[tuple[str, int | None, str]] | None
    left: list[str]
    trace: str | None = None

    @property
    def issues(self) -> list[dict]:
        return list(self.said.get("issues") or ())

    @property
    def doubts(self) -> dict[str, dict]:
        return {doubt["doubt"]: doubt for doubt in self.said.get("doubts") or ()}

    @property
    def open_doubts(self) -> dict[str, dict]:
        return {name: doubt for name, doubt in self.doubts.items() if not doubt["stands"]}


def write_books(
    con: Backend, lines: Table, set_aside: Table, beside: Companions, scratch: Path, as_of: dt.date
) -> tuple[dict[str, int], dict[str, float]]:
    """Write customers and rows set aside by plain Python instead of by the features: reading and judging alone, and fast."""
    rows = lines.select("customer_id", "order_id", "order_date", "amount", "is_return").to_pyarrow().to_pylist()
    told = [Row(*(str(row[name]) for name in ("customer_id", "order_id", "order_date", "amount"))) for row in rows]
    returned = [row["is_return"] for row in rows]
    books = figures(told, returned=returned)
    columns = {"customer_id": list(books)} | {
        name: [getattr(known, part) for known in books.values()]
        for name, part in (("orders", "orders"), ("first_order_date", "first"), ("last_order_date", "last"))
    }
    columns["net_sales"] = [float(known.net_sales) for known in books.values()]
    left = set_aside.select("file", "line", "rule").to_pyarrow()
    pq.write_table(pa.table(columns), scratch / "tables" / "customers.parquet")
    pq.write_table(left, scratch / "tables" / "set_aside.parquet")
    return {"customers": len(books), "set_aside": left.num_rows}, {}


def run(job: Path, place: Path) -> Outcome:
    """Check a job file in this process, with ``place`` as the folder of temporary files, and see what is left there."""
    temporary, tables = place / "temporary", place / "tables"
    temporary.mkdir(parents=True)
    before = _prints(job.parent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(temporary))
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr(apart, "build_apart", build)  # here, not in a process of its own: a second saved on each case
        result = CliRunner().invoke(app, ["check", str(job), "--json", "--tables", str(tables)])
    left = [f"{path.relative_to(place)} was left behind" for path in sorted(temporary.rglob("*"))]
    if _prints(job.parent) != before:
        left.append("the folder of the data was changed")
    if ESCAPED.exists():
        left.append(f"{ESCAPED} was written")
    trace = None
    if isinstance(result.exception, KalibError):
        code, message = result.exception.exit_code, str(result.exception)
    else:
        code, message = result.exit_code, ""
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            trace = f"{type(result.exception).__name__}: {str(result.exception)[:300]}"
    said = json.loads(result.stdout) if result.stdout.strip() and trace is None else {}
    if code == 2 and not message:
        trace = f"exit code 2 without a refusal: {result.stderr[:300]}"
    if code == 2 and tables.exists():
        left += [f"{path.name} was left behind" for path in tables.rglob("*")]
    built = code == 0 and trace is None
    return Outcome(
        code, said, message, _customers(tables) if built else None, _aside(tables) if built else None, left, trace
    )


def _prints(folder: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def _customers(tables: Path) -> dict[str, Figures]:
    table = pq.read_table(
        tables / "customers.parquet",
        columns=["customer_id", "net_sales", "orders", "first_order_date", "last_order_date"],
    )
    return {
        row["customer_id"]: Figures(
            row["net_sales"], row["orders"], _day(row["first_order_date"]), _day(row["last_order_date"])
        )
        for row in table.to_pylist()
    }


def _day(value: object) -> object:
    return value.date() if hasattr(value, "date") else value


def _aside(tables: Path) -> list[tuple[str, int | None, str]]:
    return [(row["file"], row["line"], row["rule"]) for row in pq.read_table(tables / "set_aside.parquet").to_pylist()]


def examine(case: Case, folder: Path) -> tuple[Outcome, list[str]]:
    """Write a case, run it, and return what it did and all that is wrong with it under the most lenient honest verdict."""
    job = write(folder / "case", case)
    if any(isinstance(verdict, Guessed) for verdict in case.verdicts):
        return _examine_guess(case, folder)
    outcome = run(job, folder)
    if outcome.trace is not None:
        return outcome, [f"stack trace: {outcome.trace}"]
    found = sorted((list(_problems(case, verdict, outcome, job)) for verdict in case.verdicts), key=_weight)
    return outcome, found[0]


def _examine_guess(case: Case, folder: Path) -> tuple[Outcome, list[str]]:
    """Let `kalib init` look at the first file of a case, and compare the job file that it writes."""
    out = folder / "guessed.yaml"
    try:
        code, message = 0, write_job_file(folder / "case" / next(iter(case.files)), out)
    except KalibError as error:
        code, message = error.exit_code, str(error)
    outcome = Outcome(code, {}, message, None, None, [])
    return outcome, sorted((list(_guess(verdict, outcome, out)) for verdict in case.verdicts), key=len)[0]


def _guess(verdict: Verdict, outcome: Outcome, out: Path) -> Iterator[str]:
    if not isinstance(verdict, Guessed):
        yield f"verdict: {type(verdict).__name__} does not go with a guess"
        return
    written = out.read_text(encoding="utf-8") if out.exists() else ""
    columns = (yaml.safe_load(written) or {}).get("columns") or {}
    for ours, theirs in verdict.columns.items():
        if columns.get(ours) != theirs:
            yield f"wrong: {ours} is {columns.get(ours)!r}, not {theirs!r}"
    said = written + outcome.message
    for words in verdict.words:
        if not any(word in said for word in words.split("|")):
            yield f"message: it lacks {words!r}: {said[:600]!r}"
    for word in verdict.unsaid:
        if word in said:
            yield f"message: it says {word!r}: {said[:600]!r}"


def _weight(problems: list[str]) -> tuple[int, int]:
    return (max((_severity(problem) for problem in problems), default=0), len(problems))


def _severity(problem: str) -> int:
    """A verdict of the other kind is furthest off: the problems shown are those of the kind that was found."""
    return {"verdict": 3, "wrong": 2}.get(problem.split(":")[0], 1)


def _problems(case: Case, verdict: Verdict, outcome: Outcome, job: Path) -> Iterator[str]:
    yield from (f"left: {what}" for what in outcome.left)
    if isinstance(verdict, Refused):
        yield from _refusal(case, verdict, outcome)
    elif isinstance(verdict, Doubted):
        yield from _question(verdict, outcome, job)
    elif outcome.code != 0:
        yield f"verdict: refused, not used: {outcome.message[:300]}"
    else:
        yield from _figures(verdict, outcome)
        yield from _counts(verdict, outcome)
        for met in verdict.met:
            yield from _met(case, met, outcome.issues)
        yield from _silence(verdict, outcome)


def _silence(verdict: Used, outcome: Outcome) -> Iterator[str]:
    """What must be told is told, and nobody is asked or told what is plain."""
    told = {*outcome.doubts, *(issue["rule"] for issue in outcome.issues)}
    for name in verdict.told:
        if not any(part in told for part in name.split("|")):
            yield f"doubt: {name} is not told; told are {sorted(told)}"
    for name in verdict.untold:
        if name in outcome.doubts:
            yield f"doubt: {name} is told: {outcome.doubts[name]}"
    reported = {issue["rule"] for issue in outcome.issues}
    for rule in verdict.unmet:
        if rule in reported:
            yield f"rule: {rule} is reported"


def _question(verdict: Doubted, outcome: Outcome, job: Path) -> Iterator[str]:
    """A doubt is asked: it refuses, says what each answer gives, and the lines that it offers give what is right."""
    if outcome.code != 2:
        yield f"verdict: used, not doubted (exit code {outcome.code})"
        return
    names, asked = verdict.name.split("|"), outcome.open_doubts
    doubt = next((asked[name] for name in names if name in asked), None)
    if doubt is None:
        yield f"verdict: {verdict.name} is not doubted; doubted are {sorted(asked)}: {outcome.message[:300]}"
        return
    if more := asked.keys() - {*names, *verdict.beside}:
        yield f"doubt: {sorted(more)} is doubted as well"
    yield from _plain(outcome.message)
    issue = outcome.issues[0] if outcome.issues else {}
    if issue.get("action") != "refused" or issue.get("rule") not in asked:
        yield f"issues: no refusal under the doubt's name in --json: {outcome.issues}"
    if len(doubt["readings"]) < 2:
        yield f"doubt: it has {len(doubt['readings'])} readings"
    for wanted in verdict.readings:
        if not any(_gives(wanted, reading) for reading in doubt["readings"]):
            yield f"wrong: no reading gives {wanted}: {doubt['readings']}"
    lines = _lines(doubt)
    if not lines or lines[0].split(":")[0] not in outcome.message:
        yield f"message: it does not say how to settle ({lines}): {outcome.message[:400]!r}"
    yield from _settled(verdict, job, [line for one in asked.values() for line in _lines(one)])


def _settled(verdict: Doubted, job: Path, lines: list[str]) -> Iterator[str]:
    """Paste the lines at the end of the job file, as a person would, and look whether the figures are right then."""
    if verdict.answered:
        lines = yaml.safe_dump(dict(verdict.answered), allow_unicode=True, sort_keys=False).splitlines()
    said = job.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(dir=job.parent.parent) as place:
        job.write_text(said + "\n".join(dict.fromkeys(lines)) + "\n", encoding="utf-8")
        try:
            outcome = run(job, Path(place))
        finally:
            job.write_text(said, encoding="utf-8")
    if outcome.trace is not None:
        yield f"wrong: stack trace once settled by {lines}: {outcome.trace}"
    elif outcome.code != 0:
        yield f"wrong: refused once settled by {lines}: {outcome.message[:400]}"
    else:
        yield from (f"{problem}; settled by {lines}" for problem in _figures(verdict.settled, outcome))
        yield from (f"{problem}; settled by {lines}" for problem in _counts(verdict.settled, outcome))


def _lines(doubt: Mapping[str, object]) -> list[str]:
    settle = doubt.get("settle") or ()
    return settle.splitlines() if isinstance(settle, str) else [str(line) for line in settle]


def _gives(wanted: Gives, reading: Mapping[str, object]) -> bool:
    if wanted.net_sales is not None and (
        reading.get("net_sales") is None or abs(float(wanted.net_sales) - reading["net_sales"]) > 0.005
    ):
        return False
    return all(
        value is None or reading.get(name) in (None, value)
        for name, value in (("orders", wanted.orders), ("customers", wanted.customers))
    )


def _plain(message: str) -> Iterator[str]:
    """A message is short, and in words that a person can read."""
    if len(message) > LONGEST_MESSAGE:
        yield f"message: it has {len(message):,} characters"
    for word in INNARDS:
        if word in message:
            yield f"message: it speaks of {word!r}: {message[:400]!r}"
    if not all(letter.isprintable() or letter == "\n" for letter in message):
        yield f"message: it has characters that cannot be printed: {message[:400]!r}"


def _refusal(case: Case, verdict: Refused, outcome: Outcome) -> Iterator[str]:
    if outcome.code != 2:
        yield f"verdict: used, not refused (exit code {outcome.code})"
        return
    message = outcome.message
    for words in verdict.words:
        if not any(word.removeprefix("read.") in message for word in words.split("|")):
            yield f"message: it lacks {words!r}: {message[:400]!r}"
    yield from _plain(message)
    issue = outcome.issues[0] if outcome.issues else {}
    if issue.get("action") != "refused":
        yield f"issues: no refusal in --json: {outcome.said}"
    if issue.get("rule") != "settings" and case.source is None:
        name = next(iter(case.files))
        if name not in message:
            yield f"message: it does not name {name}: {message[:400]!r}"
    for what, wanted in (("rule", verdict.rule), ("line", verdict.line), ("value", verdict.value)):
        if wanted is not None and issue.get(what) != wanted:
            yield f"issues: {what} is {issue.get(what)!r}, not {wanted!r}: {message[:200]!r}"


def _figures(verdict: Used, outcome: Outcome) -> Iterator[str]:
    wanted, got = figures(verdict.rows, void=verdict.void), outcome.customers or {}
    for customer in sorted(wanted.keys() | got.keys()):
        name = customer if len(customer) < 60 else f"{customer[:40]}... ({len(customer)} characters)"
        if customer not in got:
            yield f"wrong: customer {name!r} is missing"
        elif customer not in wanted:
            yield f"wrong: customer {name!r} should not be there, with {got[customer]}"
        else:
            want, have = wanted[customer], got[customer]
            if float(want.net_sales) != float(have.net_sales):
                yield f"wrong: net sales of {name!r} are {have.net_sales!r}, not {want.net_sales}"
            if customer not in verdict.unsettled and want[1:] != have[1:]:
                yield f"wrong: orders, first and last day of {name!r} are {have[1:]}, not {want[1:]}"


def _counts(verdict: Used, outcome: Outcome) -> Iterator[str]:
    rows = tuple(outcome.said.get(f"rows_{part}") for part in ("read", "used", "set_aside"))
    wanted = (verdict.read, len(verdict.rows), verdict.aside)
    if verdict.aside is not None and rows != wanted:
        yield f"counts: rows read, used and set aside are {rows}, not {wanted}"
    if rows[0] != rows[1] + rows[2]:
        yield f"counts: {rows[0]} rows read are not {rows[1]} used and {rows[2]} set aside"
    counted: dict[str, int] = {}
    for issue in outcome.issues:
        if issue["action"] == "set_aside":
            counted[issue["rule"]] = counted.get(issue["rule"], 0) + issue["count"]
    kept: dict[str, int] = {}
    for _, _, rule in outcome.aside or ():
        kept[rule] = kept.get(rule, 0) + 1
    if sum(counted.values()) != rows[2]:
        yield f"counts: the rules that set aside count {counted}, but {rows[2]} rows are set aside"
    if kept != counted:
        yield f"counts: set_aside.parquet has {kept}, but the rules count {counted}"


def _met(case: Case, met: Met, issues: list[dict]) -> Iterator[str]:
    names = met.rule.split("|")
    here = [issue for issue in issues if issue["rule"] in names]
    said = [(issue["action"], issue["rule"], issue["count"]) for issue in issues]
    if not here:
        yield f"rule: {met.rule} is not reported; reported are {said}"
        return
    if met.count is not None and sum(issue["count"] for issue in here) != met.count:
        yield f"rule: {met.rule} is counted {[issue['count'] for issue in here]}, not {met.count}; reported are {said}"
    first = here[0]
    if met.line is not None and first["line"] != met.line:
        yield f"place: {met.rule} stands in line {met.line}, not {first['line']}"
    if met.file is not None and met.file not in str(first["file"]):
        yield f"place: {met.rule} stands in {met.file}, not {first['file']}"
    theirs = (case.columns or {}).get(
        met.column or "",
        {"customer_id": "customer", "order_id": "order", "order_date": "day"}.get(met.column or "", met.column),
    )
    if met.column is not None and first["column"] not in (met.column, theirs):
        yield f"place: {met.rule} stands in column {met.column}, not {first['column']}"
    if met.value is not None and met.value not in str(first["value"]):
        yield f"place: {met.rule} met the value {met.value!r}, not {first['value']!r}"
