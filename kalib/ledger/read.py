"""What do the source files hold? Opens CSV and Parquet as one raw table, row by row, changing nothing."""

from __future__ import annotations

import csv
import glob
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from kalib.errors import DataError, MissingColumnsError, SettingsError, nearest
from kalib.settings import Job, Read

CSV_ENDINGS = (".csv", ".tsv", ".txt")
PARQUET_ENDINGS = (".parquet", ".pq")
DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Source:
    """One file of a source: its name as shown, its path, its columns with their DuckDB types."""

    name: str
    path: Path
    kind: str
    columns: dict[str, str]
    scan: str


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
        path = job.path(item)
        matches = [path] if path.is_file() else sorted(Path(name) for name in glob.glob(str(path)) if Path(name).is_file())
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


def open_source(con: duckdb.DuckDBPyConnection, path: Path, read: Read, *, scratch: Path) -> Source:
    """Open one file as something DuckDB can scan.

    Parameters
    ----------
    con : connection that will scan it
    path : a CSV or Parquet file
    read : what the job says of reading
    scratch : folder for a copy in UTF-8, where the file is in another encoding

    Returns
    -------
    Source
        ``scan`` is an SQL expression with the file's own columns, all text for CSV, and ``line``.

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
        raise DataError(f"{path}: the file cannot be read ({error.strerror}).", rule="file_unreadable", file=path.name) from None
    if size == 0:
        raise DataError(f"{path}: the file is empty. It must have a header and order lines.", rule="file_empty", file=path.name)
    if path.suffix.lower() in PARQUET_ENDINGS or head == b"PAR1":
        return _open_parquet(con, path)
    if path.suffix.lower() in CSV_ENDINGS:
        return _open_csv(con, path, read, scratch)
    raise DataError(
        f"{path}: this version reads {', '.join(CSV_ENDINGS + PARQUET_ENDINGS)}; save the file as one of these.",
        rule="file_kind",
        file=path.name,
    )


def _open_parquet(con: duckdb.DuckDBPyConnection, path: Path) -> Source:
    scan = f"SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS __line FROM read_parquet({text(str(path))}, file_row_number = true)"
    try:
        described = con.execute(f"DESCRIBE SELECT * FROM read_parquet({text(str(path))})").fetchall()
    except duckdb.Error as error:
        raise DataError(f"{path}: this is not a readable Parquet file ({_first_line(error)}).", rule="file_unreadable", file=path.name) from None
    return Source(path.name, path, "parquet", {row[0]: row[1] for row in described}, scan)


def _open_csv(con: duckdb.DuckDBPyConnection, path: Path, read: Read, scratch: Path) -> Source:
    readable = _as_utf8(path, read.encoding, scratch)
    header, delimiter = _read_header(readable, path, read.delimiter)
    columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in header)
    scan = (
        f"SELECT *, row_number() OVER () + 1 AS __line FROM read_csv({text(str(readable))}, header = true, auto_detect = false, "
        f"delim = {text(delimiter)}, quote = '\"', escape = '\"', strict_mode = true, columns = {{{columns}}}, "
        "nullstr = '', max_line_size = 4194304)"
    )
    return Source(path.name, path, "csv", dict.fromkeys(header, "VARCHAR"), scan)


def _as_utf8(path: Path, encoding: str, scratch: Path) -> Path:
    """Return the file itself if it is UTF-8 as said, else a copy in UTF-8; refuse bytes that do not fit."""
    plain = encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")
    copy = None if plain else scratch / f"{path.stem}.utf8.csv"
    line = 1
    try:
        with path.open(encoding="utf-8-sig" if plain else encoding, newline="") as source:
            target = None if copy is None else copy.open("w", encoding="utf-8", newline="")
            try:
                while chunk := source.read(1 << 20):
                    if "\x00" in chunk:
                        raise DataError(
                            f"{path}, line {line + chunk[: chunk.index(chr(0))].count(chr(10))}: a NUL character stands in it. "
                            "The file is damaged, or in UTF-16: then say `read: {encoding: utf-16}`.",
                            rule="file_damaged",
                            file=path.name,
                            line=line + chunk[: chunk.index("\x00")].count("\n"),
                        )
                    line += chunk.count("\n")
                    if target is not None:
                        target.write(chunk)
            finally:
                if target is not None:
                    target.close()
    except LookupError:
        raise SettingsError(f"`read.encoding: {encoding}` is not known. Common ones are utf-8, gb18030, windows-1252, utf-16.") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}, near line {line}: byte {error.object[error.start]:#04x} is not {encoding}. "
            "Say which encoding the file has, such as `read: {encoding: gb18030}` or `windows-1252`.",
            rule="encoding",
            file=path.name,
            line=line,
        ) from None
    return path if copy is None else copy


def _read_header(readable: Path, path: Path, delimiter: str | None) -> tuple[list[str], str]:
    with readable.open(encoding="utf-8-sig", newline="") as stream:
        first = stream.readline()
        delimiter = delimiter or max(DELIMITERS, key=first.count)
        stream.seek(0)
        try:
            header = next(csv.reader(stream, delimiter=delimiter))
        except (csv.Error, StopIteration) as error:
            raise DataError(f"{path}, line 1: the header cannot be read ({error}).", rule="header", file=path.name, line=1) from None
    twice = sorted({name for name in header if header.count(name) > 1 and name})
    if twice:
        raise DataError(
            f"{path}, line 1: the header has {twice} more than once. Give each column a name of its own.",
            rule="header_twice",
            file=path.name,
            line=1,
            column=twice[0],
        )
    return [name or f"column {number}" for number, name in enumerate(header, 1)], delimiter


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
    files: Iterable[Path],
    *,
    scratch: Path,
    say: Callable[[str], None],
) -> list[Source]:
    """Load the mapped columns of all files as table ``raw``: ours as names, theirs as values, nothing changed.

    The table has ``file``, ``line``, one column per mapped name in its source type, and ``whole``, a hash of the
    entire source row that finds exact repeats.

    Raises
    ------
    DataError
        A file that cannot be read to its end, or files whose columns have different types.
    """
    mapped = job.columns.mapped
    sources = []
    for path in files:
        source = open_source(con, path, job.read, scratch=scratch)
        check_mapping(source, mapped, job_file=job.file)
        sources.append(source)
    for number, source in enumerate(sources):
        say(f"reading {source.name}")
        whole = ", ".join(quote(name) for name in source.columns)
        picked = ", ".join(f"{quote(theirs)} AS {quote(ours)}" for ours, theirs in mapped.items())
        select = (
            f"SELECT {text(source.name)} AS file, __line AS line, {picked}, hash({whole}) AS whole FROM ({source.scan})"
        )
        try:
            con.execute(f"CREATE TABLE raw AS {select}" if number == 0 else f"INSERT INTO raw BY NAME {select}")
        except duckdb.Error as error:
            raise _unreadable(source, error) from None
    if con.execute("SELECT count(*) FROM raw").fetchone()[0] == 0:
        names = ", ".join(str(source.path) for source in sources)
        raise DataError(f"{names}: there is a header and no order line below it.", rule="file_empty", file=sources[0].name)
    return sources


def _unreadable(source: Source, error: duckdb.Error) -> DataError:
    said = str(error)
    line = None
    for part in said.splitlines():
        if "Line:" in part:
            digits = "".join(ch for ch in part.split("Line:")[1] if ch.isdigit())
            line = int(digits) if digits else None
            break
    where = f", line {line}" if line else ""
    return DataError(
        f"{source.path}{where}: the file cannot be read to its end ({_first_line(error)}). Look at that line: a quote that is not "
        "closed, or more or fewer fields than the header has.",
        rule="row_unreadable",
        file=source.name,
        line=line,
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
