"""How do orders become tables? Read, parse, judge, then every figure once; all aside first, in place only when it holds."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import duckdb
import ibis
import pandas as pd
from ibis.expr.types import Table

from kalib.errors import DataError
from kalib.ledger import companions, engines, features, orders, parse, quality, read, returns, typed
from kalib.ledger.address import is_url
from kalib.ledger.customers import check_one_row, customers
from kalib.ledger.doubts import Doubt, Watched
from kalib.ledger.doubts.beside import Listed, find_listed
from kalib.ledger.doubts.customers import find_subtotals, read_names
from kalib.ledger.doubts.days import find_date_format, find_day_doubts
from kalib.ledger.doubts.finding import describe, find_doubts, refuse_doubts
from kalib.ledger.doubts.garbled import REPAIRED, find_garbled, repair_columns
from kalib.ledger.doubts.kinds import check_settled
from kalib.ledger.doubts.money import find_mangled
from kalib.ledger.doubts.scene import Scene
from kalib.ledger.doubts.watch import choose
from kalib.ledger.engines import Backend
from kalib.ledger.parents import top_parents
from kalib.ledger.quality import Judged, Known
from kalib.ledger.report import LedgerReport, write_report
from kalib.ledger.rules import RULES, Action, choose_actions
from kalib.ledger.straight import parse_straight
from kalib.settings import Job
from kalib.words.told import Told, told

STRAY_DAYS, STRAY_SHARE = 180, 1000
"""Without `as_of`, fewer than one row in a thousand, dated half a year after all others, may not decide it."""


@dataclass(frozen=True)
class Opened:
    """The source as parsed rows on an engine, and what was found of it as a whole."""

    con: Backend
    parsed: Table
    found: list[tuple]  # rule, file, line, column, value
    watched: list[Watched]
    inputs: dict[str, str]
    names: dict[str, str] = field(default_factory=dict)  # name as shown: path, for messages
    engine: str = "duckdb"
    doubts: list[Doubt] = field(default_factory=list)
    listed: Listed | None = None


def build(job: Job, folder: Path, *, say: Callable[[str], None] | None = None) -> LedgerReport:
    """Read and judge a job's source and write its tables below ``folder``.

    Parameters
    ----------
    job : settings
    folder : gets ``tables/*.parquet``, ``ledger/*.parquet`` and ``ledger.json``; untouched when the data is refused
    say : gets a line for each step

    Returns
    -------
    LedgerReport
        Rows and money, by rule.

    Raises
    ------
    DataError, SettingsError
        The data or the settings are refused; nothing is written.
    """
    return _build_in(folder, lambda scratch: _build(job, scratch, say or _silently, _write_tables))


def judge(job: Job, folder: Path, *, say: Callable[[str], None] | None = None) -> LedgerReport:
    """Read and judge a job's source as ``build`` does, with the same refusals and the same report, and make none of its tables.

    Parameters
    ----------
    job, say : as for ``build``
    folder : gets ``ledger.json``, ``ledger/days.parquet``, and ``tables/customers.parquet`` with nothing but who is known

    Returns
    -------
    LedgerReport
        As of ``build``, without ``returns``; ``tables`` counts customers, rows set aside and the tables beside the orders.

    Raises
    ------
    DataError, SettingsError
        As ``build``.
    """
    return _build_in(folder, lambda scratch: _build(job, scratch, say or _silently, _write_known))


def _silently(line: str) -> None:
    pass


def _build_in(folder: Path, make: Callable[[Path], LedgerReport]) -> LedgerReport:
    """Let a ledger be made aside, and put it into its folder when it holds."""
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".ledger-*"):  # of a build that was killed
        shutil.rmtree(left, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=".ledger-", dir=folder))
    try:
        report = make(scratch)
        shutil.rmtree(folder / "snapshots", ignore_errors=True)  # of the days of before
        for name in ("tables", "ledger"):
            (folder / name).mkdir(exist_ok=True)
            for path in (scratch / name).iterdir():
                path.replace(folder / name / path.name)
        for name in report.missing:  # left by an earlier build
            (folder / "tables" / f"{name}.parquet").unlink(missing_ok=True)
        (scratch / "ledger.json").replace(folder / "ledger.json")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if is_new and not any(folder.iterdir()):
            folder.rmdir()
    return report


_Writer = Callable[
    [Backend, Table, Table, companions.Companions, Path, dt.date], tuple[dict[str, int], dict[str, float]]
]
"""What writes the tables of a ledger, and returns the rows of each and what became of the returns."""


def _build(job: Job, scratch: Path, say: Callable[[str], None], make_tables: _Writer) -> LedgerReport:
    actions = choose_actions(job.rules, job_file=job.file)
    check_settled(job.settled, job_file=job.file)
    parse.check_discount(job)
    for name in ("tables", "ledger"):
        (scratch / name).mkdir()
    with duckdb.connect() as con:  # in memory; what does not fit there goes into the scratch folder
        con.execute("SET preserve_insertion_order = true")
        con.execute("SET enable_progress_bar = false")
        con.execute(f"SET temp_directory = {read.text(str(scratch / 'spill'))}")
        beside = companions.read_companions(con, job, scratch)
        with _open(con, job, scratch, actions, say) as opened:
            keep = partial(engines.keep, opened.con)
            opened.doubts.extend(beside.doubts)
            judged, doubts = judge_source(job, opened, actions, keep=keep)
            return _write(job, opened, judged, doubts, beside, actions, scratch, say, make_tables)


def judge_source(
    job: Job, opened: Opened, actions: Mapping[str, Action], *, keep: Callable[[Table, str], Table]
) -> tuple[Judged, list[Doubt]]:
    """Judge the rows of an opened source, and find the doubts that it raises.

    Doubts are found in the rows as they are without the answers of ``settled``: what was settled stays seen.
    """
    names = read_names(opened.parsed)
    totals, _ = find_subtotals(names)
    known = Known(
        blank_customers=() if actions["customer_blank_word"] == "accepted" else names.blank_words(),
        blank_orders=_find_blank_orders(opened.parsed, job),
        subtotals=totals,
        returned_orders=opened.listed.orders if opened.listed and job.read.returned_orders else (),
    )
    judge = partial(quality.judge, opened.parsed, actions=actions, files=len(opened.names), known=known)
    judged = _named(judge(job, keep=keep), opened, "judged")
    plain = judged
    if job.settled:
        keep_plain = lambda table, name: keep(table, f"{name}_plain")  # noqa: E731
        plain = _named(judge(job.model_copy(update={"settled": {}}), keep=keep_plain), opened, "plain")
    scene = Scene(job, plain.rows, opened.watched, keep)
    return judged, find_doubts(scene, names, opened.doubts, opened.listed)


def _named(judged: Judged, opened: Opened, name: str) -> Judged:
    """Give judged rows a name on their engine, so that what is built on them is short: a view where that is planned in no time."""
    if opened.engine != "duckdb":
        return replace(judged, rows=engines.keep(opened.con, judged.rows, name))
    opened.con._run_pre_execute_hooks(judged.rows)
    query = opened.con.compile(judged.rows)
    opened.con.raw_sql(f"CREATE OR REPLACE TEMPORARY VIEW {name} AS {query}")  # a database that is read has no other
    return replace(judged, rows=opened.con.table(name))


_NO_ORDER = (
    "0",
    "00",
    "000",
    "0000",
    "00000",
    "000000",
    "NULL",
    "null",
    "None",
    "none",
    "nan",
    "NaN",
    "N/A",
    "n/a",
    "NA",
    "#N/A",
    "-",
    "--",
    "(blank)",
    "(空白)",
    "无",
    "空",
)
"""Order numbers that are none, whoever wrote them."""


def _find_blank_orders(parsed: Table, job: Job) -> tuple[str, ...]:
    if job.columns.order_id is None:
        return ()
    found = parsed.filter(parsed.order_id.isin(_NO_ORDER)).select("order_id").distinct()
    return tuple(sorted(found.order_id.to_pyarrow().to_pylist()))


@contextmanager
def _open(
    con: duckdb.DuckDBPyConnection,
    job: Job,
    scratch: Path,
    actions: Mapping[str, Action],
    say: Callable[[str], None],
) -> Iterator[Opened]:
    """Open the source by the door that fits it: files are read cell by cell, tables of an engine as sets."""
    if job.engine or is_url(job.source[0]):
        name = typed.name_source(job)
        say(str(told("reading {file}", file=name)))
        backend = engines.connect(job.engine or job.source[0])
        try:
            with engines.explained(
                backend, told("{source}: the work on {engine} failed", source=name, engine=backend.name)
            ):
                source = typed.open_source(job, backend)
                watched = typed.watch(source, job)
                opened = typed.open_table(job, backend, source=source, watched=watched)
                parsed = engines.keep(backend, typed.parse(opened, job, watched), "parsed")
                say(str(told("judging on {engine}", engine=backend.name)))
                found = typed.find_alike(parsed, name)
                moments = typed.find_midnights(source, job)
                if backend.name not in engines.TESTED:
                    found.append(("engine_untested", name, None, None, backend.name))
                yield Opened(backend, parsed, found, watched, {}, {name: name}, backend.name, moments)
        finally:
            backend.disconnect()
        return
    yield open_files(con, job, scratch=scratch, say=say)


def open_files(con: duckdb.DuckDBPyConnection, job: Job, *, scratch: Path, say: Callable[[str], None]) -> Opened:
    """Read and parse the files of a job, cell by cell, and see what is doubtful about them.

    Parameters
    ----------
    con : where the table ``parsed`` is left
    job : settings
    scratch : folder for what is unpacked
    say : gets a line for each step
    """
    files = read.find_files(job)
    with read.sealed(dict(zip(read.name_files(files), files, strict=True))) as inputs:
        sources, watched = read.open_job(con, job, files, scratch=scratch, choose=choose)
        say_new = _without_repeats(say)  # what is not plain is read again, with care
        is_straight = parse_straight(con, job, sources, watched, say=say_new)
        if not is_straight:
            read.load_opened(con, job, sources, watched, say=say_new)
    rows = con.execute("SELECT (SELECT count(*) FROM raw) + (SELECT count(*) FROM unread)").fetchone()[0]
    say(str(told("judging {rows:,} rows", rows=rows)))
    found = parse.finish(con, job, sources) if is_straight else _parse(con, job, sources, watched)
    doubts = [*find_day_doubts(con, job, sources), *find_mangled(con, job)]
    con.execute(f"DROP {'VIEW' if is_straight else 'TABLE'} raw; DROP TABLE unread")
    if (garbled := find_garbled(con)) is not None:
        doubts.append(garbled)
        if job.settled.get(garbled.name) == REPAIRED:
            repair_columns(con)
    notes = [
        (note.rule, note.file, note.line, note.column, note.value, note.count)
        for source in sources
        for note in source.notes
    ]
    backend = ibis.duckdb.from_connection(con)
    return Opened(
        backend,
        backend.table("parsed"),
        [*notes, *found],
        watched,
        inputs,
        {source.name: source.label for source in sources},
        doubts=doubts,
        listed=find_listed(con, job, sources),
    )


def _without_repeats(say: Callable[[str], None]) -> Callable[[str], None]:
    said = [""]

    def say_new(line: str) -> None:
        if line != said.pop():
            say(line)
        said.append(line)

    return say_new


def _parse(
    con: duckdb.DuckDBPyConnection, job: Job, sources: list[read.Source], watched: Sequence[Watched]
) -> list[tuple]:
    """Parse ``raw``; where a spreadsheet exchanged day and month, as its texts are written: only to say what each reading gives."""
    try:
        return parse.parse(con, job, sources, watched)
    except DataError as error:
        date_format = find_date_format(con, job) if error.rule == "date_ambiguous" else None
        if not date_format:
            raise
        told_so = job.read.model_copy(update={"date_format": date_format})
        return parse.parse(con, job.model_copy(update={"read": told_so}), sources, watched)


def _write(
    job: Job,
    opened: Opened,
    judged: Judged,
    doubts: list[Doubt],
    beside: companions.Companions,
    actions: Mapping[str, Action],
    scratch: Path,
    say: Callable[[str], None],
    make_tables: _Writer,
) -> LedgerReport:
    judged = judged.with_odd(partial(engines.keep, opened.con))
    counts = judged.count().to_pandas().iloc[0]
    issues = list_issues(job, judged, counts, opened.found, actions)
    refuse_chosen(issues, opened.names)
    refuse_doubts(doubts, job, opened.names)
    lines = judged.lines
    if opened.engine == "duckdb":  # elsewhere the judged rows are kept
        lines = engines.keep(opened.con, lines, "used_lines")
    if len(opened.names) > 1:
        issues += _check_split_orders(judged, job, opened, actions)
    rows_used = int(counts["rows_read"] - counts["rows_set_aside"])
    if not rows_used or not (span := _span(lines))["orders"]:
        raise _nothing_left(opened, int(counts["rows_read"]), issues)
    as_of = job.as_of or _last_day(lines, opened, span["last"])
    newest = lines.filter(lines.order_date == span["last"]).select("file", "line").order_by("file", "line").limit(1)
    if job.columns.order_id:
        lines, again = orders.part(lines, partial(engines.keep, opened.con))
        issues += _tell_again(again, lines, judged, job, actions)
    if job.level == "parent":
        lines = _roll_up(lines, beside.tables["accounts"])
        beside = _roll_up_beside(beside)
    if make_tables is not _write_known:
        say(str(told("making customers, months, mix and order days")))
    tables, matched = make_tables(opened.con, lines, judged.set_aside, beside, scratch, as_of)
    known = pd.read_parquet(scratch / "tables" / "customers.parquet", columns=["customer_id"])["customer_id"]
    strangers = companions.count_strangers(beside, known)
    missing = {name: "not_given" for name in ("accounts", "contacts", "costs", "targets") if name not in beside.tables}
    if "mix" not in tables:
        missing["mix"] = "no_categories"
    order = list(RULES)
    report = LedgerReport(
        as_of=as_of,
        rows_read=int(counts["rows_read"]),
        rows_used=rows_used,
        rows_set_aside=tables["set_aside"],
        first_order_date=span["first"],
        sales_used=round(float(span["sales"]), 2),
        issues=sorted(issues, key=lambda issue: order.index(str(issue["rule"]))),
        inputs=opened.inputs | beside.inputs,
        tables=tables,
        engine=opened.engine,
        newest=newest.to_pyarrow().to_pylist()[0],
        returns=matched,
        companions=[*beside.issues, *strangers],
        missing=missing,
        doubts=[describe(doubt) for doubt in doubts],
        not_used=[name for name in ("targets",) if getattr(job, name)],
    )
    assert report.rows_read == report.rows_used + report.rows_set_aside
    table = pd.DataFrame(report.issues, columns=["rule", "action", "count", "amount"]).rename(columns={"count": "rows"})
    table = table[table["rule"].isin(judged.met)]
    table.to_parquet(scratch / "tables" / "quality.parquet", index=False)
    tables["quality"] = len(table)
    write_report(report, scratch)
    return report


def list_issues(
    job: Job, judged: Judged, counts: pd.Series, found: list[tuple], actions: Mapping[str, Action]
) -> list[dict[str, object]]:
    """Return one entry per rule that met a row or the source: rule, action, count, amount, and the first such row."""
    issues = []
    for rule in judged.met:
        if not counts[f"n_{rule}"]:
            continue
        file, line, column, value = judged.first(rule).to_pandas().astype(object).iloc[0]
        money = counts[f"money_{rule}"]
        issues.append(
            {
                "rule": rule,
                "action": actions[rule],
                "count": int(counts[f"n_{rule}"]),
                "amount": 0.0 if pd.isna(money) else round(float(money), 2),
                "file": file,
                "line": None if pd.isna(line) else int(line),
                "column": job.columns.mapped.get(column) if isinstance(column, str) else None,
                "value": value if isinstance(value, str) else None,
                "message": RULES[rule].message,
            }
        )
    for rule in dict.fromkeys(rule for rule, *_ in found):
        same = [rest for name, *rest in found if name == rule]
        file, line, column, value, *_ = same[0]
        issues.append(
            {
                "rule": rule,
                "action": actions[rule],
                "count": sum(one[4] if len(one) > 4 else 1 for one in same),
                "amount": 0.0,
                "file": file,
                "line": line,
                "column": column,
                "value": value,
                "message": RULES[rule].message,
            }
        )
    return issues


def refuse_chosen(issues: list[dict[str, object]], names: Mapping[str, str]) -> None:
    """Refuse what the job wants refused, or what is refused unless the job knows better.

    Parameters
    ----------
    issues : of ``list_issues``
    names : of each file as shown, how messages call it

    Raises
    ------
    DataError
        Names file, line, column and value of the first such row.
    """
    for issue in issues:
        if issue["action"] == "refused":
            rule = str(issue["rule"])
            why = told("`rules.{rule}: refused` in the job file says so", rule=rule)
            raise _refuse_issue(issue, names, why)


def _refuse_issue(issue: Mapping[str, object], names: Mapping[str, str], why: Told) -> DataError:
    where = [names.get(str(issue["file"]), str(issue["file"]))]
    where += _say_place(issue, lambda fact: fact is not None)
    where += [str(told("value {value!r}", value=issue["value"]))] if issue["value"] is not None else []
    return DataError(
        told(
            "{where}: {message}; {count:,} rows. {why}.",
            where=", ".join(where),
            message=told(str(issue["message"])),
            count=issue["count"],
            why=why,
        ),
        rule=str(issue["rule"]),
        file=issue["file"],
        line=issue["line"],
        column=issue["column"],
        value=issue["value"],
    )


def _check_split_orders(
    judged: Judged, job: Job, opened: Opened, actions: Mapping[str, Action]
) -> list[dict[str, object]]:
    """Return what is to be said of orders that stand in several files; refuse those whose lines differ on the same day."""
    if job.columns.order_id is None:
        return []
    issues = []
    for rule, per_day in (("order_differs", True), ("order_split", False)):
        split = quality.find_split_orders(judged.rows, per_day=per_day).to_pandas()
        if split.empty:
            continue
        first = split.iloc[0]
        issue = {
            "rule": rule,
            "action": actions[rule],
            "count": int(split["rows"].sum()),
            "amount": round(float(split["amount"].sum()), 2),
            "file": first["file"],
            "line": None if pd.isna(first["line"]) else int(first["line"]),
            "column": job.columns.order_id,
            "value": first["order_id"],
            "message": RULES[rule].message,
        }
        if actions[rule] == "refused":
            raise _refuse_issue(
                issue,
                opened.names,
                told(
                    "It also stands in {other}. Leave one of the two out of `source`, or say `rules: {{{rule}: accepted}}` if both "
                    "count",
                    other=first["other"],
                    rule=rule,
                ),
            )
        issues.append(issue)
        break  # one finding an order is enough
    return issues


def _tell_again(
    again: Table, lines: Table, judged: Judged, job: Job, actions: Mapping[str, Action]
) -> list[dict[str, object]]:
    """Return what is to be said of order numbers that came back as other orders."""
    count = again.count().execute() if "order_date" in again.columns else 0
    if not count:
        return []
    back = judged.lines.filter(orders.is_sale(judged.lines)).semi_join(again, [*orders.KEY, "order_date"])
    first = (
        back.select("file", "line", "order_id", "amount").order_by("file", "line").limit(1).to_pyarrow().to_pylist()[0]
    )
    money = back.amount.sum().execute()
    return [
        {
            "rule": "order_comes_back",
            "action": actions["order_comes_back"],
            "count": int(count),
            "amount": round(float(money or 0), 2),
            "file": first["file"],
            "line": first["line"],
            "column": job.columns.order_id,
            "value": first["order_id"],
            "message": RULES["order_comes_back"].message,
        }
    ]


def _span(lines: Table) -> dict[str, object]:
    both = lines.aggregate(
        first=lines.order_date.min(),
        last=lines.order_date.max(),
        sales=lines.amount.sum(),
        orders=lines.count(where=orders.is_sale(lines)),
    )
    return both.to_pyarrow().to_pylist()[0]


def _last_day(lines: Table, opened: Opened, last: dt.date) -> dt.date:
    """Return the last day of the source as snapshot date, unless a few stray rows far ahead would decide it."""
    counted = quality.count_days_ahead(lines, last - dt.timedelta(days=STRAY_DAYS)).to_pyarrow().to_pylist()[0]
    stray, before, rows = (counted[name] for name in ("stray", "before", "rows"))
    if before is None or stray * STRAY_SHARE > rows or rows < STRAY_SHARE:
        return last
    found = lines.filter(lines.order_date == last).select("file", "line").order_by("file", "line").limit(1).to_pandas()
    file, line = found.iloc[0]
    raise DataError(
        told(
            "{file}, line {line}: the last order is dated {last}, while all but {stray} of {rows:,} rows end by "
            "{before}. Correct the date, or say `as_of:` in the job file.",
            file=opened.names.get(file, file),
            line=line,
            last=last,
            stray=stray,
            rows=rows,
            before=before,
        ),
        rule="date_far_ahead",
        file=file,
        line=None if pd.isna(line) else int(line),
        column="order_date",
        value=str(last),
    )


def _roll_up(lines: Table, accounts: pd.DataFrame) -> Table:
    """Put each customer's top parent in its place; the orders of its members stay apart, whatever their numbers."""
    tops = top_parents(accounts)
    tops = ibis.memtable(tops[tops["customer_id"] != tops["account_id"]])
    joined = lines.left_join(tops, "customer_id").drop("customer_id_right")
    own = joined.order_id + "\x1e" + joined.customer_id
    return joined.mutate(
        order_id=ibis.ifelse(joined.account_id.notnull(), own, joined.order_id),
        customer_id=ibis.coalesce(joined.account_id, joined.customer_id),
    ).drop("account_id")


def _roll_up_beside(beside: companions.Companions) -> companions.Companions:
    """Put each customer's top parent in its place in the tables of contacts and costs too."""
    tops = top_parents(beside.tables["accounts"]).set_index("customer_id")["account_id"]
    tables = {
        name: table.assign(customer_id=table["customer_id"].map(tops).fillna(table["customer_id"]))
        if name in ("contacts", "costs")
        else table
        for name, table in beside.tables.items()
    }
    return replace(beside, tables=tables)


def _exact(frame: pd.DataFrame) -> Table:
    """Return a table beside the orders for the engine, its figures as decimals, so that their sums are exact."""
    table = ibis.memtable(frame)
    figures = [name for name, kind in table.schema().items() if kind.is_floating()]
    days = [name for name, kind in table.schema().items() if kind.is_timestamp()]
    return table.mutate(
        **{name: table[name].cast("decimal(24, 6)") for name in figures},
        **{name: table[name].cast("date") for name in days},
    )


def _write_tables(
    con: Backend,
    lines: Table,
    set_aside: Table,
    beside: companions.Companions,
    scratch: Path,
    as_of: dt.date,
) -> tuple[dict[str, int], dict[str, float]]:
    """Write every table; return the rows of each, and what became of the returns."""
    pairs = engines.keep(con, returns.pair(lines, partial(engines.keep, con)), "pairs")
    voids = engines.keep(con, returns.void(lines, pairs), "voids")
    kept = {
        "days": engines.keep(con, features.days(lines), "days"),
        "cancelled": engines.keep(con, returns.match(lines, voids), "cancelled"),
    }
    order = {"days": ["customer_id", "order_date"], "cancelled": ["customer_id", "order_date", "cancelled_on"]}
    for name, table in kept.items():
        engines.write(table, scratch / "ledger" / f"{name}.parquet", by=order[name])
    standing = features.standing(kept["days"], [as_of], kept["cancelled"])
    tables = {
        "customers": engines.keep(
            con,
            customers(
                kept["days"],
                [as_of],
                cancelled=kept["cancelled"],
                lines=lines,
                pairs=pairs,
                **{name: _exact(beside.tables[name]) for name in ("contacts", "costs") if name in beside.tables},
            ),
            "customers",
        ),
        "months": features.months(standing),
        "order_days": features.order_days(standing),
        "set_aside": set_aside.mutate(amount=set_aside.amount.cast("float64").round(2)),
        **({"mix": features.mix(lines, voids)} if "category" in lines.columns else {}),
    }
    check_one_row(tables["customers"])
    rows = {
        name: engines.write(table, scratch / "tables" / f"{name}.parquet", by=_KEYS[name])
        for name, table in tables.items()
    }
    for name, table in beside.tables.items():
        table.to_parquet(scratch / "tables" / f"{name}.parquet", index=False)
        rows[name] = len(table)
    matched = returns.summarise(pairs, voids).to_pandas().iloc[0]
    return rows, {name: abs(float(value or 0)) for name, value in matched.items()}


def _write_known(
    con: Backend,
    lines: Table,
    set_aside: Table,
    beside: companions.Companions,
    scratch: Path,
    as_of: dt.date,
) -> tuple[dict[str, int], dict[str, float]]:
    """Write who is known and on which days, as ``_write_tables`` would; return the rows of what is known so soon."""
    days = engines.keep(con, features.days(lines), "days")
    engines.write(days, scratch / "ledger" / "days.parquet", by=["customer_id", "order_date"])
    known = days.filter(days.order_date <= as_of).select("customer_id").distinct()
    rows = {"customers": engines.write(known, scratch / "tables" / "customers.parquet", by=["customer_id"])}
    rows["set_aside"] = int(set_aside.count().execute())
    return rows | {name: len(table) for name, table in beside.tables.items()}, {}


_KEYS = {
    "customers": ["customer_id"],
    "months": ["customer_id", "month"],
    "order_days": ["customer_id", "order_date"],
    "mix": ["customer_id", "category"],
    "set_aside": ["file", "line"],
}


def _say_place(issue: Mapping[str, object], stands: Callable[[object], bool]) -> list[str]:
    """Return the line and the column of an issue in words, as far as it has them."""
    said = {"line": told("line {line}", line=issue["line"]), "column": told("column {column}", column=issue["column"])}
    return [str(words) for part, words in said.items() if stands(issue[part])]


def _nothing_left(opened: Opened, rows_read: int, issues: list[dict[str, object]]) -> DataError:
    why = "; ".join(
        str(
            told(
                "{count:,} {rule} (first at {where})",
                count=issue["count"],
                rule=issue["rule"],
                where=", ".join(_say_place(issue, bool)),
            )
        )
        for issue in issues
    ) or told("no row is an order")
    name = next(iter(opened.names), "")
    return DataError(
        told(
            "{file}: of {rows:,} rows none is an order that can be used: {why}. Check `columns:` and `as_of:`.",
            file=opened.names.get(name, name),
            rows=rows_read,
            why=why,
        ),
        rule="nothing_left",
        file=name,
    )
