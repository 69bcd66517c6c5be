"""What do the source files hold? Opens CSV and Parquet as one raw table, row by row, changing nothing."""

from __future__ import annotations

import csv
import glob
import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import duckdb

from kalib.errors import DataError, MissingColumnsError, SettingsError, nearest
from kalib.settings import Job, Read

CSV_ENDINGS = (".csv", ".tsv", ".txt")
PARQUET_ENDINGS = (".parquet", ".pq")
DELIMITERS = ",;\t|"
CONTAINERS = {
    b"PK\x03\x04": "an Excel or zip file",
    b"\x1f\x8b": "packed with gzip",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
}
NUMBERS = ("quantity", "unit_price", "amount", "cost")
LONGEST_HEADER = 1000
"""A header longer than so many characters is a quote that was never closed."""


@dataclass(frozen=True)
class Source:
    """One file of a source: its name as shown, its path, its columns with their DuckDB types, and how to scan it.

    ``readable`` is the file in UTF-8 and ``lines`` how many it has, header and blank ones included; both for CSV only.
    """

    name: str
    path: Path
    kind: str
    columns: dict[str, str]
    scan: str
    delimiter: str = ","
    readable: Path | None = None
    lines: int = 0


def quote(name: str) -> str:
    """Return ``name`` as an SQL identifier, whatever it holds.

    >>> print(quote('a "b" c'))
    "a ""b"" c"
    """
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return ``value`` as an SQL string, whatever it holds.

    >>> text("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"


def find_files(job: Job) -> list[Path]:
    """Find the files that the job's ``source`` names, in order, each once.

    Raises
    ------
    DataError
        A path that does not exist, or a pattern that matches nothing.
    SettingsError
        A source that this version does not read.
    """
    found: list[Path] = []
    for item in job.source:
        if "://" in item:
            raise SettingsError(
                f"`source: {item.split('://')[0]}://…`: a database is not read by this version. "
                "Export the order lines as CSV or Parquet and name that file."
            )
        try:
            path = job.path(item)
            matches = (
                [path]
                if path.is_file()
                else sorted(Path(name) for name in glob.glob(str(path)) if Path(name).is_file())
            )
        except (OSError, RuntimeError) as error:  # a name that no file can have, or `~` of a user who is not there
            raise DataError(f"`source: {item[:200]}` in {job.file}: {error}.", rule="file_missing", file=item) from None
        if not matches:
            raise DataError(
                f"{path}: there is no such file. `source` in {job.file} names it; relative paths start from {job.root}.",
                rule="file_missing",
                file=item,
            )
        found += [match for match in matches if match not in found]
    return found


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def name_files(paths: Sequence[Path]) -> list[str]:
    """Return a name for each file: its own, or the path below the common folder where two files share one.

    >>> name_files([Path("/a/2010/orders.csv"), Path("/a/2011/orders.csv"), Path("/a/more.csv")])
    ['2010/orders.csv', '2011/orders.csv', 'more.csv']
    """
    count = Counter(path.name for path in paths)
    common = os.path.commonpath([path.parent for path in paths])
    return [path.name if count[path.name] == 1 else Path(os.path.relpath(path, common)).as_posix() for path in paths]


def open_source(
    con: duckdb.DuckDBPyConnection, path: Path, read: Read, *, scratch: Path, name: str | None = None
) -> Source:
    """Open one file as something DuckDB can scan.

    Parameters
    ----------
    con : connection that will scan it
    path : a CSV or Parquet file
    read : what the job says of reading
    scratch : folder for a copy in UTF-8, where the file is in another encoding or mixes line ends
    name : what messages and tables call the file; default: its own name

    Returns
    -------
    Source
        ``scan`` is an SQL expression with the file's own columns, all text for CSV, and ``__line``.

    Raises
    ------
    DataError
        An empty file, a file that is not what its name says, an encoding or a row that cannot be read.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(4)
    except OSError as error:
        raise DataError(
            f"{path}: the file cannot be read ({error.strerror}).", rule="file_unreadable", file=path.name
        ) from None
    if size == 0:
        raise DataError(
            f"{path}: the file is empty. It must have a header and order lines.", rule="file_empty", file=path.name
        )
    if path.suffix.lower() in PARQUET_ENDINGS or head == b"PAR1":
        return _open_parquet(con, path, name or path.name)
    for magic, kind in CONTAINERS.items():
        if head.startswith(magic):
            raise DataError(
                f"{path}: this is {kind}. Save or unpack it as CSV or Parquet.", rule="file_kind", file=path.name
            )
    if path.suffix.lower() in CSV_ENDINGS:
        return _open_csv(path, read, scratch, name or path.name)
    raise DataError(
        f"{path}: this version reads {', '.join(CSV_ENDINGS + PARQUET_ENDINGS)}; save the file as one of these.",
        rule="file_kind",
        file=path.name,
    )


def _open_parquet(con: duckdb.DuckDBPyConnection, path: Path, name: str) -> Source:
    file = text(glob.escape(str(path)))
    try:
        columns = {row[0]: row[1] for row in con.execute(f"DESCRIBE FROM read_parquet({file})").fetchall()}
        wide = con.execute(f"SELECT name FROM parquet_schema({file}) WHERE precision > 38 ORDER BY name").fetchone()
    except duckdb.Error as error:
        raise DataError(
            f"{path}: this is not a readable Parquet file ({_reason(error)}).", rule="file_unreadable", file=name
        ) from None
    if wide:  # DuckDB reads them as other numbers
        raise DataError(
            f"{path}, column {wide[0]}: a decimal of more than 38 digits. Save it with fewer.",
            rule="number_too_wide",
            file=name,
            column=wide[0],
        )
    if "file_row_number" in columns:
        scan = f"SELECT *, row_number() OVER () AS __line FROM read_parquet({file})"
    else:
        scan = f"SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS __line FROM read_parquet({file}, file_row_number = true)"
    return Source(name, path, "parquet", columns, scan)


def _open_csv(path: Path, read: Read, scratch: Path, name: str) -> Source:
    readable, lines = _as_utf8(path, read.encoding, scratch, name)
    header, delimiter = _read_header(readable, path, read.delimiter, name)
    columns = ", ".join(f"{text(column)}: 'VARCHAR'" for column in header)
    scan = (
        f"SELECT *, row_number() OVER () + 1 AS __line FROM read_csv({text(glob.escape(str(readable)))}, header = true, auto_detect = false, "
        f"delim = {text(delimiter)}, quote = '\"', escape = '\"', strict_mode = true, columns = {{{columns}}}, "
        "nullstr = '', max_line_size = 4194304)"
    )
    return Source(name, path, "csv", dict.fromkeys(header, "VARCHAR"), scan, delimiter, readable, lines)


def _as_utf8(path: Path, encoding: str, scratch: Path, name: str) -> tuple[Path, int]:
    """Return the file itself if it is UTF-8 with one kind of line end, else a copy that is; and its number of lines.

    Raises
    ------
    DataError
        Bytes that do not fit the encoding.
    SettingsError
        An encoding that does not exist.
    """
    plain = encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")
    line, windows, unix, other, last = 1, 0, 0, 0, ""
    try:
        with path.open(encoding="utf-8-sig" if plain else encoding, newline="") as source:
            for chunk in _chunks(source):
                if "\x00" in chunk:
                    line += chunk[: chunk.index("\x00")].count("\n")
                    raise DataError(
                        f"{path}, line {line}: a NUL character stands in it. "
                        "The file is damaged, or in UTF-16: then say `read: {encoding: utf-16}`.",
                        rule="file_damaged",
                        file=name,
                        line=line,
                    )
                pairs, feeds = chunk.count("\r\n"), chunk.count("\n")
                windows, unix, other, line = (
                    windows + pairs,
                    unix + feeds - pairs,
                    other + chunk.count("\r") - pairs,
                    line + feeds,
                )
                last = chunk[-1]
        lines = (windows + unix or other) + (last not in "\r\n")
        if plain and not (windows and unix):
            return path, lines
        copy = Path(scratch / f"{name.replace('/', '_')}.utf8.csv")
        with (
            path.open(encoding="utf-8-sig" if plain else encoding, newline="") as source,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            for chunk in _chunks(source):
                target.write(chunk.replace("\r\n", "\n"))
    except LookupError:
        raise SettingsError(
            f"`read.encoding: {encoding}` is not known. Common ones are utf-8, gb18030, windows-1252, utf-16."
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}, near line {line}: byte {error.object[error.start]:#04x} is not {encoding}. "
            "Say which encoding the file has, such as `read: {encoding: gb18030}` or `windows-1252`.",
            rule="encoding",
            file=name,
            line=line,
        ) from None
    except (UnicodeError, ValueError) as error:  # UTF-16 without its mark, characters that exist in no text
        raise DataError(
            f"{path}: the file is not {encoding!r} ({error}). Say in `read.encoding` which encoding it has.",
            rule="encoding",
            file=name,
        ) from None
    return copy, lines


def _chunks(source: TextIO) -> Iterator[str]:
    """Yield a text in pieces, none of which ends between the two characters of a Windows line end."""
    while chunk := source.read(1 << 20):
        yield chunk + source.read(1) if chunk.endswith("\r") else chunk


def _read_header(readable: Path, path: Path, delimiter: str | None, name: str) -> tuple[list[str], str]:
    if delimiter and (len(delimiter) > 1 or delimiter in '"\r\n'):
        raise SettingsError(
            f"`read.delimiter: {delimiter!r}` must be one character, and neither a quote nor a line end."
        )
    with readable.open(encoding="utf-8-sig", newline="") as stream:
        first = stream.readline()
        delimiter = delimiter or max(DELIMITERS, key=first.count)
        stream.seek(0)
        try:
            header = next(csv.reader(stream, delimiter=delimiter), [])
        except csv.Error as error:
            raise DataError(
                f"{path}, line 1: the header cannot be read ({error}).", rule="header", file=name, line=1
            ) from None
    if not any(header) or max(map(len, header)) > LONGEST_HEADER:
        what = "a quote in the header is not closed" if any(header) else "the header is empty"
        raise DataError(
            f"{path}, line 1: {what}. The first line must name the columns.", rule="header", file=name, line=1
        )
    count = Counter(title.lower() for title in header if title)
    twice = [title for title in header if count[title.lower()] > 1]
    if twice:
        raise DataError(
            f"{path}, line 1: the header has {twice} more than once (capitals aside). Give each column a name of its own.",
            rule="header_twice",
            file=name,
            line=1,
            column=twice[0],
        )
    return [
        title or f"column {number}{' ' * count[f'column {number}']}" for number, title in enumerate(header, 1)
    ], delimiter


def check_mapping(source: Source, mapped: dict[str, str], *, job_file: Path) -> None:
    """Check that the file has every column that the job maps.

    Raises
    ------
    MissingColumnsError
        Names the file, what it lacks, what it has and the nearest header.
    """
    missing = [theirs for theirs in mapped.values() if theirs not in source.columns]
    if missing:
        hints = "; ".join(f"`{theirs}`: {nearest(theirs, source.columns)}" for theirs in missing)
        raise MissingColumnsError(
            str(source.path), missing, source.columns, f"Map your headers under `columns:` in {job_file} ({hints})"
        )


def load_raw(
    con: duckdb.DuckDBPyConnection,
    job: Job,
    files: Sequence[Path],
    *,
    scratch: Path,
    say: Callable[[str], None],
) -> list[Source]:
    """Load the mapped columns of all files as table ``raw``: ours as names, theirs as values, nothing changed.

    The table has ``file``, ``line``, one column per mapped name in its source type (as text where the files differ in
    it), and ``whole``, a hash of the entire source row that finds exact repeats.

    Raises
    ------
    DataError
        A file that cannot be read to its end.
    """
    mapped = job.columns.mapped
    sources = []
    for path, name in zip(files, name_files(files), strict=True):
        source = open_source(con, path, job.read, scratch=scratch, name=name)
        check_mapping(source, mapped, job_file=job.file)
        sources.append(source)
    for number, source in enumerate(sources):
        say(f"reading {source.name}")
        whole = ", ".join(_typed(column, sources, job) for column in sorted(source.columns))
        picked = ", ".join(f"{_typed(theirs, sources, job)} AS {quote(ours)}" for ours, theirs in mapped.items())
        select = (
            f"SELECT {text(source.name)} AS file, __line AS line, {picked}, hash({whole}) AS whole FROM ({source.scan})"
        )
        try:
            con.execute(f"CREATE TABLE raw AS {select}" if number == 0 else f"INSERT INTO raw BY NAME {select}")
        except duckdb.Error as error:
            raise unreadable(source, error) from None
        _correct_lines(con, source)
    if con.execute("SELECT count(*) FROM raw").fetchone()[0] == 0:
        names = ", ".join(str(source.path) for source in sources)
        raise DataError(
            f"{names}: there is a header and no order line below it.", rule="file_empty", file=sources[0].name
        )
    return sources


def _typed(column: str, sources: Sequence[Source], job: Job) -> str:
    """Return SQL for a column of the source: itself, or its text where the files disagree on its type."""
    types = {source.columns[column] for source in sources if column in source.columns}
    if len(types) == 1:
        return quote(column)
    as_text, kind = f"{quote(column)}::VARCHAR", f"typeof({quote(column)})"
    if job.read.decimal == "." or column not in [job.columns.mapped.get(ours) for ours in NUMBERS]:
        return as_text
    return f"CASE WHEN {kind} IN ('FLOAT', 'DOUBLE') OR {kind} LIKE 'DECIMAL%' THEN replace({as_text}, '.', ',') ELSE {as_text} END"


def _correct_lines(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Turn row numbers of a CSV into lines of the file, where blank lines or line ends inside quotes make them differ."""
    if source.readable is None:
        return
    rows = con.execute("SELECT count(*) FROM raw WHERE file = ?", [source.name]).fetchone()[0]
    if source.lines == rows + 1:
        return
    steps, number, after = [], 0, 0
    with source.readable.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=source.delimiter)
        try:
            for fields in reader:
                if fields:
                    begins = reader.line_num - sum(field.count("\n") for field in fields)
                    number += 1
                    if begins - number != after:
                        after = begins - number
                        steps.append((number, after))
                elif len(source.columns) == 1:
                    number += 1
        except csv.Error:  # a field too long for this reader: the numbers of the rows must do
            return
    if number != rows + 1 or not steps:
        return
    con.execute(
        "CREATE TEMP TABLE steps AS SELECT unnest($rows) AS line, unnest($after) AS after",
        {"rows": [s[0] for s in steps], "after": [s[1] for s in steps]},
    )
    con.execute(
        "UPDATE raw SET line = raw.line + found.after FROM (SELECT raw.rowid AS id, steps.after FROM raw ASOF JOIN steps "
        "ON raw.line >= steps.line WHERE raw.file = ?) AS found WHERE raw.rowid = found.id",
        [source.name],
    )
    con.execute("DROP TABLE steps")


def unreadable(source: Source, error: duckdb.Error) -> DataError:
    """Return the refusal of a file that DuckDB could not read to its end."""
    found = re.search(r"CSV Error on Line: (\d+)", str(error))
    line = int(found[1]) if found else None
    where = f", line {line}" if line else ""
    remedy = (
        "Look at that line: a quote that is not closed, or more or fewer fields than the header has."
        if line
        else "Export it again."
    )
    return DataError(
        f"{source.path}{where}: the file cannot be read to its end ({_reason(error)}). {remedy}",
        rule="row_unreadable",
        file=source.name,
        line=line,
    )


def _reason(error: duckdb.Error) -> str:
    """Return the part of DuckDB's message that says what it met, without its advice."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines[1:] if line.startswith(("Expected Number", "Value with", "Maximum line"))]
    return (said or lines)[0].rstrip(".")
