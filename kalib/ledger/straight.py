"""Can a CSV become typed rows at once? Where every value is plain, one pass reads, tests and keeps them; else it leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import duckdb

from kalib.ledger import parse, read
from kalib.ledger.doubts.garbled import NAME, REPAIRED
from kalib.ledger.doubts.watch import Watched
from kalib.ledger.plain import SAMPLE, TEXTS, Likely, find_likely, speak_for_point
from kalib.ledger.source import Source, quote, text
from kalib.settings import Job
from kalib.words.told import told

_MARK, _ODD = "kalib: not plain", "kalib: odd"


def parse_straight(
    con: duckdb.DuckDBPyConnection,
    job: Job,
    sources: Sequence[Source],
    watched: Sequence[Watched] = (),
    *,
    say: Callable[[str], None],
) -> bool:
    """Read clean CSV files of plain values into ``parsed``, as ``load_opened`` and ``parse`` would; say whether they are that.

    Nothing of ``raw`` is kept: a view of this name has file, line and order_date of ``parsed``. Nothing is found about the
    source as a whole either, or it is not read here; what is found of single rows stands in ``parsed``.

    Parameters
    ----------
    con : connection
    job : settings
    sources : of ``read.open_job``
    watched : columns beside the mapped ones that come along
    say : gets a line for each file
    """
    if not _may_be_plain(job, sources) or (likely := _look_at_first_rows(con, job, sources)) is None:
        return False
    for is_odd in (False, True):  # most logs have no row of which anything is found, and need not keep what could be
        try:
            _read(con, job, sources, watched, likely, is_odd=is_odd, say=say)
        except duckdb.Error as error:  # what is the matter is said where the files are read with care
            con.execute("DROP TABLE IF EXISTS kept")
            if _ODD not in str(error):
                return False
        else:
            return True
    return False


def _may_be_plain(job: Job, sources: Sequence[Source]) -> bool:
    """Say whether files and settings leave nothing to be asked of the rows as they are written."""
    settled = {"day_month_exchanged", *([NAME] if job.settled.get(NAME) == REPAIRED else [])}
    asked = job.read.fill_down or job.read.decimal == "," or job.read.date_format or settled & set(job.settled)
    header = job.columns.order_date or ""
    return bool(
        not asked
        and not job.columns.currency
        and not header.strip()[:1].isdigit()  # else a header among the rows might be a day
        and all(source.fast and source.rows for source in sources)
    )


def _look_at_first_rows(con: duckdb.DuckDBPyConnection, job: Job, sources: Sequence[Source]) -> Likely | None:
    """Return the tests of the columns, if all that must be plain are so in the first rows of every file."""
    columns = list(job.columns.mapped)
    money = [name for name in columns if name in parse.TARGETS]
    must = {name for name in columns if name not in TEXTS}  # texts are read value by value, whatever stands in them
    firsts = [f"(FROM ({_rows(job, sources, number, ())}) LIMIT {SAMPLE})" for number in range(len(sources))]
    try:
        likely = find_likely(con, job, columns, parse.TARGETS, f"({' UNION ALL '.join(firsts)})")
        if not likely.tests.keys() >= must:
            return None
        if all(speak_for_point(con, money, rows) for rows in firsts):
            return likely.widened(parse.TARGETS)
    except duckdb.Error:
        return None
    return likely if likely.usual.issuperset(money) else None


def _rows(job: Job, sources: Sequence[Source], number: int, watched: Sequence[Watched]) -> str:
    return read.select_rows(job, sources, number, sources[number].fast, "NULL::BIGINT", watched)


def _read(
    con: duckdb.DuckDBPyConnection,
    job: Job,
    sources: Sequence[Source],
    watched: Sequence[Watched],
    likely: Likely,
    *,
    is_odd: bool,
    say: Callable[[str], None],
) -> None:
    """Read all files into the table ``kept``, and make of it the views ``parsed`` and ``raw``; fails at the first value that is not plain.

    Parameters
    ----------
    is_odd : whether to keep what is found of a row; else a row of which anything is found makes it fail too
    """
    types = dict.fromkeys([*job.columns.mapped, *(one.name for one in watched), "first_cell"], "VARCHAR")
    cells = parse.read_cells(con, job, types, ".", sources, likely.tests.keys())
    gross = parse.multiply(types, cells, ".", likely.tests.keys())
    for number, source in enumerate(sources):
        say(str(told("reading {file}", file=source.name)))
        rows = _test(likely, _rows(job, sources, number, watched))
        columns, below = parse.list_columns(job, types, cells, gross, watched, ".", likely.tests.keys(), rows)
        kept = {name: value for name, value in columns.items() if name not in ("file", "line")}
        if not is_odd:
            found = ", ".join(kept.pop(name) for name in parse.FOUND)
            kept["whole"] = f"CASE WHEN odd AND coalesce({found}) IS NOT NULL THEN error({text(_ODD)}) ELSE whole END"
        select = f"SELECT {parse.name_all(kept)} FROM {below}"
        how = "INSERT INTO kept BY NAME" if number else "CREATE TABLE kept AS"
        if con.execute(f"{how} {select}").fetchone()[0] != source.rows:
            raise duckdb.InvalidInputException(_MARK)
    _name_rows(con, sources, list(columns), is_odd=is_odd)


def _test(likely: Likely, rows: str) -> str:
    """Return SQL for rows of which every value is plain, or a text that was made neat; an error where one is not."""
    tested = {}
    for name, test in likely.tests.items():
        other = parse.neat(name) if name in TEXTS else f"error({text(_MARK)})"
        passes = "is_plain" if name in TEXTS else f"is_plain OR coalesce({test}, true)"
        tested[quote(name)] = f"CASE WHEN {passes} THEN {quote(name)} ELSE {other} END"
    return f"(SELECT * REPLACE ({parse.name_all(tested)}) FROM (SELECT *, {likely.row_test} AS is_plain FROM ({rows})))"


def _name_rows(
    con: duckdb.DuckDBPyConnection, sources: Sequence[Source], columns: Sequence[str], *, is_odd: bool
) -> None:
    """Make the views: file and line follow from the place in the table, and what was found of no row is kept nowhere."""
    files, lines, first = [], [], 0
    for source in sources:
        files.append((first + source.rows, text(source.name)))
        lines.append((first + source.rows, f"rowid - {first} + {source.header_line + 1}"))
        first += source.rows
    shown = {name: name for name in columns} | {"file": _by_place(files), "line": f"({_by_place(lines)})::BIGINT"}
    if not is_odd:
        shown |= dict.fromkeys(parse.FOUND, "NULL::VARCHAR")
    con.execute(f"CREATE VIEW parsed AS SELECT {parse.name_all(shown)} FROM kept")
    con.execute("CREATE VIEW raw AS SELECT file, line, order_date FROM parsed")
    con.execute("CREATE TABLE unread (file VARCHAR, line BIGINT, rule VARCHAR, value VARCHAR)")


def _by_place(parts: Sequence[tuple[int, str]]) -> str:
    """Return SQL for what holds of a row by its place: each part reaches up to a place."""
    *others, (_, last) = parts
    whens = " ".join(f"WHEN rowid < {end} THEN {value}" for end, value in others)
    return f"CASE {whens} ELSE {last} END" if whens else last
