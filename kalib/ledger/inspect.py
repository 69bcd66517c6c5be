"""What is in this orders file? Looks at it, guesses its columns, and says what only its owner can know."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import duckdb

from kalib.errors import DataError, KalibError, SettingsError, ShortageError
from kalib.ledger import engines, parse, quality, read
from kalib.ledger.building import judge_source, list_issues, open_files, refuse_chosen
from kalib.ledger.draft import Draft, Open, write_scalar
from kalib.ledger.evidence import ITSELF, look_at
from kalib.ledger.guess import Seen, guess_columns
from kalib.ledger.room import find_shortage
from kalib.ledger.rules import choose_actions
from kalib.ledger.settle import (
    Table,
    add_up,
    find_currency,
    find_kinds,
    find_span,
    hold_to_format,
    settle_customer,
    settle_dates,
    settle_decimal,
    settle_discount,
    settle_money,
)
from kalib.ledger.source import Note, Source, quote, shown, text
from kalib.ledger.text import DELIMITERS, is_clean
from kalib.settings import Job, Read, check_name, read_job
from kalib.words.told import Told, speaking, told

COMPLETE = 4
"""A table with customer, date and money fits so well; see ``Table.fit``."""


def write_job_file(file: Path, out: Path | None, *, say: Callable[[str], None] | None = None) -> str:
    """Look at a file of orders and write a commented job file for it.

    Parameters
    ----------
    file : anything that a job's ``source`` may name: CSV, Excel, Parquet, packed or not, or a folder of them
    out : where the job file goes; None: ``<stem>.yaml`` in the working directory. It is never overwritten.
    say : is told each step, a line each

    Returns
    -------
    str
        What was seen, what the user must check, and the next command; to be shown as it is, without markup.

    Raises
    ------
    DataError
        A file that is missing, empty or not readable.
    SettingsError
        The job file is already there, or its folder is not; or a database address, which has no file to look at.
    """
    if re.match(r"[a-z][a-z0-9+]*:/", str(file)):
        scheme = str(file).split(":")[0]
        raise SettingsError(
            told(
                "{scheme}://…: `kalib init` looks at files. For a database, write the job file by hand: `source:` is its "
                "address, `table:` or `query:` says which rows, and `columns:` maps them.",
                scheme=scheme,
            )
        )
    say = say or (lambda line: None)
    out = Path.cwd() / f"{file.stem}.yaml" if out is None else out
    for path in (file, out):
        check_name(path.absolute())
    if out.exists():
        raise SettingsError(
            told(
                "{out}: this file is already there and is not overwritten. Remove it, or name another with `--out`.",
                out=out,
            )
        )
    if not out.parent.is_dir():
        raise SettingsError(
            told(
                "{out}: there is no folder {folder}. Create it, or name another with `--out`.",
                out=out,
                folder=out.parent,
            )
        )
    try:
        if not file.exists():
            raise DataError(told("{file}: there is no such file.", file=file), rule="file_missing", file=file.name)
    except (OSError, ValueError) as error:  # a name that no file can have
        raise DataError(f"{shown(str(file))}: {error}.", rule="file_missing", file=shown(file.name)) from None
    try:
        with tempfile.TemporaryDirectory() as scratch, _connect(Path(scratch)) as con:
            draft = _inspect(con, file, out, Path(scratch), say)
            say(str(told("judging the rows as kalib check will")))
            draft = _rehearse(draft, Path(scratch))
    except (duckdb.Error, MemoryError, OSError) as error:
        if short := find_shortage(error):
            raise short from None
        if not isinstance(error, duckdb.Error):
            raise
        raise DataError(
            told(
                "{file}: the file cannot be read to its end ({why}). Look for a quote that is not closed, or a row with "
                "more or fewer fields than the header.",
                file=file,
                why=str(error).strip().splitlines()[0],
            ),
            rule="file_unreadable",
            file=file.name,
        ) from None
    try:
        with out.open("x", encoding="utf-8") as stream, _whole_or_gone(out), speaking(draft.language):
            stream.write(draft.write())
            stream.flush()
    except OSError as error:
        raise SettingsError(
            told(
                "{out}: the job file cannot be written ({strerror}). Name another place with `--out`.",
                out=out,
                strerror=error.strerror,
            )
        ) from None
    return draft.summarise()


def _connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """Return a database in memory, called ``source``; what does not fit there goes into the folder."""
    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")
    con.execute(f"SET temp_directory = {text(str(folder / 'spill'))}")
    con.execute("ATTACH ':memory:' AS source; USE source")
    return con


@contextmanager
def _whole_or_gone(out: Path) -> Iterator[None]:
    """Take a job file away that could not be written to its end: the next try would refuse to overwrite it."""
    try:
        yield
    except OSError:
        out.unlink(missing_ok=True)
        raise


# ------------------------------------------------------------------------------------------------------ which table


def _inspect(con: duckdb.DuckDBPyConnection, file: Path, out: Path, scratch: Path, say: Callable[[str], None]) -> Draft:
    opened = _find_table(con, file, scratch / "found", None, say)
    found = []
    if (opened is None or opened.table.fit < COMPLETE) and any(
        path.is_file() and path.suffix.lower() not in read.PARQUET_ENDINGS for path in _files(file)
    ):
        tried = [_find_table(con, file, scratch / f"delimiter_{n}", sign, say) for n, sign in enumerate(DELIMITERS)]
        better = max([one for one in tried if one], key=lambda one: one.table.fit, default=None)
        if better and (opened is None or better.table.fit > opened.table.fit):
            opened = better
            why = told("likely: its columns have names so")
            found.append(Open("delimiter", [f"delimiter: {write_scalar(better.delimiter)}  # {why}"]))
    if opened is None:
        raise DataError(
            told("{file}: there is a header and no order line below it.", file=file), rule="file_empty", file=file.name
        )
    table, sources = opened.table, opened.sources
    con.execute(f"USE source.{opened.schema}")
    if not any(guess.sure == "certain" for guess in table.guesses.values()):
        _refuse_headless(table)
    say(str(told("adding up customers, orders and money")))
    table = replace(table, guesses=settle_customer(con, table))
    _make_raw(con, table)
    found += [one for settle in (settle_decimal, settle_dates) if (one := settle(con, table))]
    decimal = next((one.value for one in found if one.topic == "decimal"), None) or "."
    dates = next((one for one in found if one.topic == "date_format"), None)
    date_format = dates.value if dates else ITSELF
    table = replace(table, guesses=hold_to_format(table, date_format))
    totals = add_up(con, table, decimal)
    table = replace(table, guesses=settle_money(table, totals))
    currency, rates = find_currency(con, table)
    return Draft(
        file=file,
        out=out,
        guesses=table.guesses,
        by_header=table.by_header,
        totals=totals,
        open=[*found, *settle_discount(table, totals), *([rates] if rates else [])],
        currency=currency,
        span=find_span(con, table, date_format),
        notes=_notes(con, table, sources),
    )


@dataclass(frozen=True)
class _Opened:
    """The table of a file that looks most like orders, the schema it is loaded in, and all that the file holds."""

    table: Table
    schema: str
    sources: list[Source]
    delimiter: str | None


def _find_table(
    con: duckdb.DuckDBPyConnection, file: Path, scratch: Path, delimiter: str | None, say: Callable[[str], None]
) -> _Opened | None:
    """Return the table of a file that looks most like orders; None where there is no row, or no such delimiter."""
    scratch.mkdir()
    try:
        sources = []
        for path in _files(file):
            say(str(told("reading {file}", file=path.name)))
            sources += _open(con, path, scratch, delimiter)
    except DataError:
        if delimiter is None:
            raise
        return None
    best = None
    for number, alike in enumerate(_tables(sources)):
        schema = f"{scratch.name}_{number}"
        con.execute(f"CREATE SCHEMA {schema}; USE source.{schema}")
        names = shown(", ".join(source.name for source in alike), 80)
        say(str(told("looking at the columns of {file}", file=names)))
        table = _see(con, alike)
        if table.seen and table.seen[0].rows and (best is None or table.fit > best.table.fit):
            best = _Opened(table, schema, sources, delimiter)
    return best


def _files(file: Path) -> list[Path]:
    """Return the file, or the files that a folder stands for."""
    if file.is_file():
        return [file]
    try:
        return read.find_files(Job.model_construct(source=[str(file.absolute())], file=file.absolute()))
    except DataError as error:
        raise DataError(
            told("{file}: there is no file in this folder that is read.", file=file), rule=error.rule, file=file.name
        ) from None


def _open(con: duckdb.DuckDBPyConnection, path: Path, scratch: Path, delimiter: str | None) -> list[Source]:
    opened = read.open_sources(con, path, Read(delimiter=delimiter, sheet=["*"]), scratch=scratch)
    return [source.carefully() if source.carefully and not is_clean(con, source) else source for source in opened]


def _tables(sources: Sequence[Source]) -> list[list[Source]]:
    """Return the sources in groups that have the same headers, in order."""
    alike: dict[tuple[str, ...], list[Source]] = {}
    for source in sources:
        alike.setdefault(tuple(sorted(source.columns)), []).append(source)
    return list(alike.values())


def _see(con: duckdb.DuckDBPyConnection, sources: list[Source]) -> Table:
    """Load the sources as the table ``source`` and count what stands in it."""
    kinds = find_kinds(sources)
    names = {header: f"c{number}" for number, header in enumerate(kinds)}
    selects = []
    for source in sources:
        cast = {header: "::VARCHAR" if kind != source.columns[header] else "" for header, kind in kinds.items()}
        picked = ", ".join(f"{quote(header)}{cast[header]} AS {name}" for header, name in names.items())
        selects.append(f"SELECT {text(source.name)} AS file, __line AS line, {picked} FROM ({source.scan})")
    con.execute(f"CREATE TABLE source AS {' UNION ALL '.join(selects)}")
    seen = look_at(con, kinds, names)
    return Table(sources, names, seen, guess_columns(seen))


def _make_raw(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Make the guessed columns the table ``raw`` by our names, as the ledger has it when it judges them."""
    picked = [f"{table.names[guess.header]} AS {role}" for role, guess in table.guesses.items() if guess.header]
    con.execute(f"CREATE VIEW raw AS SELECT {', '.join(['file', 'line', *picked])} FROM source")


def _refuse_headless(table: Table) -> None:
    """Refuse a file whose first line is data: a date or a number where a header should stand."""
    number = next(
        (c.header for c in table.seen if re.fullmatch(r"[-+]?\d+([.,/:-]\d+)*( \d+:\d+.*)?", c.header.strip())), None
    )
    if number is not None:
        source = table.sources[0]
        raise DataError(
            told(
                '{label}, line {line}: "{value}" stands where a header should. The first line must name the columns; add '
                "one.",
                label=source.label or source.path,
                line=source.header_line,
                value=shown(number, 40),
            ),
            rule="header",
            file=source.name,
            line=source.header_line,
            value=number,
        )


def _notes(con: duckdb.DuckDBPyConnection, table: Table, sources: Sequence[Source]) -> list[Told]:
    """Return what the reader found by itself, a sentence each."""
    said = []
    if len(table.sources) > 1:
        names = shown(", ".join(source.name for source in table.sources), 200)
        said.append(
            told("{count} tables with the same columns, read as one: {names}", count=len(table.sources), names=names)
        )
    for source in table.sources:
        said += [_said(note) for note in source.notes]
        if source.unread:
            count, line = con.execute(
                "SELECT count(*), min(line) FROM read_parquet(?)", [str(source.unread)]
            ).fetchone()
            if count:
                said.append(
                    told(
                        "{file}: {count:,} rows do not fit the header and will be set aside, the first on line {line}",
                        file=source.name,
                        count=count,
                        line=line,
                    )
                )
    for source in [source for source in sources if source not in table.sources][:10]:
        has = shown(", ".join(source.columns), 80)
        said.append(
            told(
                "{file}: left out, it has other columns ({columns}); it looks like a table of accounts, see `accounts:`",
                file=source.name,
                columns=has,
            )
            if _is_like_accounts(source)
            else told("{file}: left out, it has other columns ({columns})", file=source.name, columns=has)
        )
    return said


def _said(note: Note) -> Told:
    match note.rule:
        case "encoding_found":
            return told(
                "{file}: the encoding is {value}, by what its bytes say; `read: {{encoding: ...}}` settles it",
                file=note.file,
                value=note.value,
            )
        case "header_found":
            return told(
                "{file}: the header stands on line {line}; what is above it is left out", file=note.file, line=note.line
            )
    if note.value:
        return told("{file}: {rule}, {value}", file=note.file, rule=note.rule, value=shown(note.value, 80))
    return told("{file}: {rule}", file=note.file, rule=note.rule)


def _is_like_accounts(source: Source) -> bool:
    """Say whether the columns of a source look like those of accounts: a customer, and no date nor money of an order."""
    guesses = guess_columns([Seen(header, "text", 1, 1, 1) for header in source.columns])
    money = {role for role in ("amount", "unit_price", "quantity", "order_id") if role in guesses}
    return "customer_id" in guesses and not money


# ----------------------------------------------------------------------------------------------------- the first check


def _rehearse(draft: Draft, scratch: Path) -> Draft:
    """Judge the file as ``kalib check`` will: show what comes out, and what it will refuse unless that is known to be open."""
    if draft.open_columns:
        return draft
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".yaml", dir=scratch, delete=False) as stream:
            stream.write(draft.write())
        job = read_job(stream.name).model_copy(update={"file": draft.out.absolute()})
        with tempfile.TemporaryDirectory(dir=scratch) as folder, _connect(Path(folder)) as con:
            parse.check_discount(job)
            opened = open_files(con, job, scratch=Path(folder), say=lambda line: None)
            actions = choose_actions(job.rules, job_file=job.file)
            judged, doubts = judge_source(job, opened, actions, keep=partial(engines.keep, opened.con))
            judged = judged.with_odd(partial(engines.keep, opened.con))
            issues = list_issues(job, judged, judged.count().to_pandas().iloc[0], opened.found, actions)
            refuse_chosen(issues, opened.names)
            return replace(_show_judged(draft, judged), doubts=doubts)
    except ShortageError:
        raise
    except KalibError as error:
        rule = error.rule if isinstance(error, DataError) else "discount_unclear"
        if any(rule in one.refusals for one in draft.open):
            return draft
        why = told("kalib check refuses this as it stands: {error}", error=error)
        return replace(draft, open=[*draft.open, Open("refusal", [], why=why)])


def _show_judged(draft: Draft, judged: quality.Judged) -> Draft:
    """Show what the rows that are used come to: no footer and no subtotal is a customer or money."""
    used = judged.lines
    facts = used.aggregate(
        rows=used.count(),
        customers=used.customer_id.nunique(),
        orders=used.order_id.nunique(),
        money=used.amount.sum(),
        first=used.order_date.min(),
        last=used.order_date.max(),
    )
    found = facts.to_pyarrow().to_pylist()[0]
    if not found["rows"]:
        return draft
    distinct = draft.totals.distinct | {"customer_id": found["customers"]}
    if "order_id" in distinct:
        distinct["order_id"] = found["orders"]
    money = f"{found['money']:.2f}"
    totals = replace(draft.totals, distinct=distinct, amount=money, quantity_times_price=money, judged=True)
    return replace(draft, totals=totals, span=(str(found["first"]), str(found["last"])))
