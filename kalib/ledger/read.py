"""What do the source files hold? Opens every kind of file as one raw table, row by row, changing nothing."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from kalib.errors import DataError, KalibError, MissingColumnsError, SettingsError, nearest
from kalib.ledger.doubts.watch import Watched
from kalib.ledger.headers import find_same
from kalib.ledger.packed import RATIO, RATIO_FROM, is_workbook, unpack_gzip, unpack_zip
from kalib.ledger.room import find_shortage
from kalib.ledger.sheets import open_sheets
from kalib.ledger.source import BLANKS, Input, Note, Source, quote, shown, text
from kalib.ledger.text import (
    DELIMITERS,
    is_clean,
    looks_like_header,
    open_text,
    source_of,
    two_tables,
)
from kalib.settings import Job, Read, check_name
from kalib.words.told import Told, told

__all__ = ["DELIMITERS", "NUMBERS", "PARQUET_ENDINGS", "Note", "Source", "quote", "text"]

CSV_ENDINGS = (".csv", ".tsv", ".txt", ".tab")
PARQUET_ENDINGS = (".parquet", ".pq")
SHEET_ENDINGS = (".xlsx", ".xlsm", ".xls", ".ods")
PACKED_ENDINGS = (".zip", ".gz")
ENDINGS = CSV_ENDINGS + PARQUET_ENDINGS + SHEET_ENDINGS + PACKED_ENDINGS
NUMBERS = ("quantity", "unit_price", "amount", "cost")
FOREIGN = {
    b"\xfd7zXZ\x00": told("packed with xz"),
    b"BZh": told("packed with bzip2"),
    b"\x28\xb5\x2f\xfd": told("packed with zstd"),
    b"7z\xbc\xaf\x27\x1c": told("packed with 7z"),
    b"Rar!": told("packed with RAR"),
    b"%PDF": told("a PDF"),
    b"SQLite format 3\x00": told("a SQLite database"),
    b"{\\rtf": told("a text document (RTF)"),
}
UNREAD = {
    "row_short": told("the row has fewer fields than the header's {columns} columns"),
    "row_long": told("the row has more fields than the header's {columns} columns"),
    "row_broken": told("a quote in the row is not closed, or text follows it"),
    "header_repeated": told("the header stands here again"),
}
PLAIN_KINDS = re.compile(
    r"VARCHAR|(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER)|FLOAT|DOUBLE|DECIMAL\(\d+,\s?\d+\)|DATE|BOOLEAN|UUID|TIMESTAMP.*|ENUM\(.*\)"
)


@dataclass(frozen=True)
class _Wanted:
    """The headers that a table must have, and those of them whose values have digits."""

    headers: tuple[str, ...] = ()
    with_digits: tuple[str, ...] = ()

    def are_in(self, source: Source) -> bool:
        """Say whether a source has every header."""
        return bool(self.headers) and all(title in source.columns for title in self.headers)

    def cannot_be(self, source: Source) -> bool:
        """Say whether a source is another thing altogether, such as a note: it has none of the headers, nor room for them."""
        return len(source.columns) < len(set(self.headers)) and not any(
            title in source.columns for title in self.headers
        )


def find_files(job: Job) -> list[Path]:
    """Find the files that the job's ``source`` names, in order, each once.

    A folder stands for the files in it: for itself where they are Parquet, so that partitions become columns. What is
    hidden or marked as unfinished (``.``, ``_``) is left out, and links to folders are not followed. A database address
    (``://``) is no file: the tables behind it are opened elsewhere.

    Raises
    ------
    DataError
        A path that does not exist, or a pattern that matches nothing.
    SettingsError
        A name that is not UTF-8.
    """
    found: list[Path] = []
    for item in job.source:
        if "://" in item:
            continue
        try:
            path = job.path(item)
            matches = [path] if path.exists() else sorted(Path(name) for name in glob.glob(str(path), recursive=True))
            matches = [match for one in matches for match in _within(one)]
        except (OSError, RuntimeError, ValueError) as error:  # a name that no file can have, or `~` of an unknown user
            raise DataError(
                f"`source: {shown(item)}` in {job.file}: {error}.", rule="file_missing", file=item
            ) from None
        if not matches:
            what = (
                told("there is no file in this folder that is read") if path.is_dir() else told("there is no such file")
            )
            raise DataError(
                told(
                    "{path}: {what}. `source` in {job_file} names it; relative paths start from {root}.",
                    path=path,
                    what=what,
                    job_file=job.file,
                    root=job.root,
                ),
                rule="file_missing",
                file=item,
            )
        for match in matches:
            check_name(match)
        found += [match for match in matches if match not in found]
    return found


def _within(path: Path) -> list[Path]:
    """Return a file itself, a folder of Parquet files itself, or the files of any other folder."""
    if not path.is_dir():
        return [path] if path.is_file() else []
    files = _files_below(path, ENDINGS)
    return [path] if files and all(file.suffix.lower() in PARQUET_ENDINGS for file in files) else files


def _files_below(folder: Path, endings: Sequence[str]) -> list[Path]:
    found = []
    for here, folders, names in os.walk(folder, onerror=_refuse_folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        found += [Path(here, name) for name in sorted(names) if not name.startswith((".", "_"))]
    return [path for path in found if path.suffix.lower() in endings and path.is_file()]


def _refuse_folder(error: OSError) -> None:
    raise DataError(
        told("{folder}: the folder cannot be read ({strerror}).", folder=error.filename, strerror=error.strerror),
        rule="file_unreadable",
        file=Path(error.filename).name,
    )


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hex; for a folder, of the names and hashes of its Parquet files."""
    if path.is_dir():
        parts = [f"{file.relative_to(path)}\n{hash_file(file)}\n" for file in _files_below(path, PARQUET_ENDINGS)]
        return hashlib.sha256("".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def sealed(files: Mapping[str, Path]) -> Iterator[dict[str, str]]:
    """Give the hash of each file by its name, and see to it that what is read within the block is what was hashed.

    A folder has no hash; its files are watched like the others. A change shows in size, inode or the time of the last
    change, which nobody can set back as they can the time of the last writing.

    Raises
    ------
    DataError
        A file was changed or replaced before the block ended.
    """
    states = {path: _state(path) for path in files.values()}
    hashes = {name: _hash(path) for name, path in files.items() if path.is_file()}
    try:
        yield hashes
    except (
        DataError,
        OSError,
    ):  # a file that is being written looks damaged, or is gone: say what is the matter with it
        _refuse_changed(states)
        raise
    _refuse_changed(states)


def _hash(path: Path) -> str:
    try:
        return hash_file(path)
    except OSError as error:
        raise DataError(
            told("{path}: the file cannot be read ({strerror}).", path=path, strerror=error.strerror),
            rule="file_unreadable",
            file=path.name,
        ) from None


def _refuse_changed(states: Mapping[Path, list[tuple]]) -> None:
    for path, state in states.items():
        if _state(path) != state:
            raise DataError(
                told(
                    "{path}: the file was changed while it was read, so the figures would be of neither the old nor the new "
                    "one. Run again when it is written to its end; an export that is renamed into its place is never half "
                    "there.",
                    path=path,
                ),
                rule="file_changed",
                file=path.name,
            )


def _state(path: Path) -> list[tuple]:
    files = _files_below(path, PARQUET_ENDINGS) if path.is_dir() else [path]
    try:
        seen = [(file, file.stat()) for file in files]
    except OSError:
        return []
    return [(file, s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for file, s in seen]


def name_files(paths: Sequence[Path]) -> list[str]:
    """Return a name for each file: its own, or the path below the common folder where two files share one.

    >>> name_files([Path("/a/2010/orders.csv"), Path("/a/2011/orders.csv"), Path("/a/more.csv")])
    ['2010/orders.csv', '2011/orders.csv', 'more.csv']
    """
    if not paths:
        return []
    count = Counter(path.name for path in paths)
    common = os.path.commonpath([path.parent for path in paths])
    return [path.name if count[path.name] == 1 else Path(os.path.relpath(path, common)).as_posix() for path in paths]


def open_source(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    read: Read,
    *,
    scratch: Path,
    name: str | None = None,
    wanted: Sequence[str] = (),
) -> Source:
    """Open one file that holds one table, as something DuckDB can scan to its end.

    Parameters
    ----------
    con : connection that will scan it
    path : a file of any kind that is read, or a folder of Parquet files
    read : what the job says of reading
    scratch : folder for what is unpacked, or rewritten in UTF-8
    name : what messages and tables call the file; default: its own name
    wanted : headers that the table must have; they find the header line, and the sheet

    Returns
    -------
    Source
        ``scan`` is an SQL query for the file's own columns, all text for text files and sheets, and ``__line``.

    Raises
    ------
    DataError
        A file that is empty, damaged, or not what its name says; an encoding or a row that cannot be read; several
        tables where one is wanted.
    """
    sources = open_sources(con, path, read, scratch=scratch, name=name, wanted=wanted)
    if len(sources) > 1:
        raise DataError(
            told(
                "{path}: it holds {count} tables ({names}), and one is wanted here. Name a file with one table.",
                path=path,
                count=len(sources),
                names=", ".join(shown(source.name) for source in sources[:8]),
            ),
            rule="sheet_unclear",
            file=name or path.name,
        )
    source = sources[0]
    if source.carefully and not is_clean(con, source):
        source = source.carefully()
    _refuse_unread(con, source)
    return source


def _refuse_unread(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    if source.unread is None:
        return
    found = con.execute(
        f"SELECT line, rule, value FROM read_parquet({text(glob.escape(str(source.unread)))}, hive_partitioning = false) ORDER BY line LIMIT 1"
    ).fetchone()
    if found:
        line, rule, value = found
        raise DataError(
            told(
                "{label}, line {line}: {what}: '{value}'. Correct the line.",
                label=source.label,
                line=line,
                what=replace(UNREAD[rule], facts={"columns": len(source.columns)}),
                value=shown(value, 80),
            ),
            rule=rule,
            file=source.name,
            line=line,
            value=value,
        )


def open_sources(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    read: Read,
    *,
    scratch: Path,
    name: str | None = None,
    wanted: Sequence[str] = (),
    with_digits: Sequence[str] = (),
) -> list[Source]:
    """Open everything that one file holds: itself, its sheets, its members; see ``open_source``.

    A source with ``fast`` is not checked yet; one with ``unread`` has rows that could not be split into fields. Who
    reads them must look at both.
    """
    given = Input(path, path, name or path.name, str(path))
    asked = _Wanted(tuple(wanted), tuple(with_digits))
    try:
        if path.is_dir():
            return _open_folder(con, given, asked)
        return _open(con, given, read, scratch, asked)
    except OSError as error:
        raise find_shortage(error) or DataError(
            told("{path}: the file cannot be read ({strerror}).", path=path, strerror=error.strerror or error),
            rule="file_unreadable",
            file=given.name,
        ) from None


def _open(con: duckdb.DuckDBPyConnection, given: Input, read: Read, scratch: Path, asked: _Wanted) -> list[Source]:
    with given.file.open("rb") as stream:
        head = stream.read(512)
    if not head:
        raise DataError(
            told("{label}: the file is empty. It must have a header and order lines.", label=given.label),
            rule="file_empty",
            file=given.name,
        )
    if head.startswith(b"\x1f\x8b"):
        return _open(con, unpack_gzip(given, scratch), read, scratch, asked)
    ending = Path(given.name.removesuffix(".gz")).suffix.lower()
    if ending in PARQUET_ENDINGS or head.startswith(b"PAR1"):
        return _open_parquet(con, given, [given.file], asked)
    for magic, kind in FOREIGN.items():
        if head.startswith(magic):
            raise _other_kind(given, told("this is {kind}. Save or unpack it as CSV, Excel or Parquet.", kind=kind))
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _open_zip(con, given, read, scratch, asked)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return open_sheets(given, read, scratch=scratch, wanted=asked.headers, with_digits=asked.with_digits)
    if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<" and ending in (*SHEET_ENDINGS, ".htm", ".html", ".xml"):
        raise _other_kind(
            given, told("this is a web page or XML under another name. Open it and save it as .xlsx or CSV.")
        )
    if ending in (*CSV_ENDINGS, ".xls", ""):
        file = open_text(given, read, scratch=scratch, wanted=asked.headers, with_digits=asked.with_digits)
        return [source_of(file, scratch)]
    raise _other_kind(
        given, told("this version reads {endings}; save the file as one of these.", endings=", ".join(ENDINGS))
    )


def _open_zip(con: duckdb.DuckDBPyConnection, given: Input, read: Read, scratch: Path, asked: _Wanted) -> list[Source]:
    """Open a workbook, or each table in an archive."""
    if is_workbook(given):
        return open_sheets(given, read, scratch=scratch, wanted=asked.headers, with_digits=asked.with_digits)
    members, notes = unpack_zip(given, scratch, CSV_ENDINGS + PARQUET_ENDINGS + SHEET_ENDINGS)
    sources = [source for member in members for source in _open(con, member, read, scratch, asked)]
    if any(asked.are_in(source) for source in sources):
        litter = [source for source in sources if asked.cannot_be(source)]
        notes += [
            Note("member_left_out", given.name, value=shown(source.name.removeprefix(f"{given.name}/")))
            for source in litter
        ]
        sources = [source for source in sources if source not in litter]
    sources[0].notes.extend(notes)
    return sources


def _other_kind(given: Input, said: Told) -> DataError:
    return DataError(told("{label}: {said}", label=given.label, said=said), rule="file_kind", file=given.name)


# ------------------------------------------------------------------------------------------------------------- Parquet


def _open_folder(con: duckdb.DuckDBPyConnection, given: Input, asked: _Wanted) -> list[Source]:
    return _open_parquet(con, given, _files_below(given.path, PARQUET_ENDINGS), asked)


def _open_parquet(con: duckdb.DuckDBPyConnection, given: Input, files: Sequence[Path], asked: _Wanted) -> list[Source]:
    """Open Parquet files as one source for each set of columns among them."""
    alike: dict[tuple, list[Path]] = {}
    packed = unfolded = 0
    for file in files:
        kinds = _describe(con, given, file, asked.headers)
        size, grown = file.stat().st_size, _unfold(con, file, kinds, asked.headers)
        _refuse_bomb(given if len(files) == 1 else _named(given, [file]), size, grown)
        packed, unfolded = packed + size, unfolded + grown
        alike.setdefault(tuple(kinds.items()), []).append(file)
    _refuse_bomb(given, packed, unfolded)
    return [
        _parquet_source(_named(given, group) if len(alike) > 1 else given, dict(kinds), group, asked)
        for kinds, group in alike.items()
    ]


def _unfold(con: duckdb.DuckDBPyConnection, file: Path, kinds: dict[str, str], wanted: Sequence[str]) -> int:
    """Return how many bytes a Parquet file is at least, unfolded: a few bytes of it can stand for any number of rows, or of
    long texts.

    What it says of itself is not believed alone: the texts of the wanted columns are measured.
    """
    name = text(glob.escape(str(file)))
    titles = [
        title for title, column in _match(kinds, wanted).items() if column in wanted and kinds[title] == "VARCHAR"
    ]
    lengths = " + ".join(f"coalesce(sum(strlen({quote(title)})), 0)" for title in titles)
    try:
        cells = con.execute(
            "SELECT coalesce(sum(greatest(greatest(num_values, row_group_num_rows) * 8, total_uncompressed_size)), 0)::BIGINT "
            f"FROM parquet_metadata({name})"
        ).fetchone()[0]
        if not titles or (cells > RATIO_FROM and cells > RATIO * file.stat().st_size):
            return cells
        texts = con.execute(
            f"SELECT ({lengths})::BIGINT FROM read_parquet({name}, hive_partitioning = false)"
        ).fetchone()[0]
    except duckdb.Error:  # a damaged part: it is told where the rows are read
        return 0
    return max(cells, texts)


def _refuse_bomb(given: Input, size: int, unfolded: int) -> None:
    if unfolded > RATIO_FROM and unfolded > RATIO * size:
        raise DataError(
            told(
                "{label}: the Parquet file is refused: its {size:,} bytes unfold to {unfolded:,} or more, over {times} "
                "times as many, which no order log does. If you trust it, write it as CSV and name that.",
                label=given.label,
                size=size,
                unfolded=unfolded,
                times=RATIO,
            ),
            rule="packed_too_large",
            file=given.name,
        )


def _named(given: Input, files: Sequence[Path]) -> Input:
    """Return a folder under the name that messages have for some of its files."""
    more = len(files) - 1
    label = str(told("{file} and {more:,} more like it", file=files[0], more=more)) if more else str(files[0])
    return replace(given, label=label)


def _titles(schema: Sequence[tuple[str, int | None, int | None]]) -> list[str]:
    """Return the names of a Parquet file's columns, as they are written: of its schema, those that stand in no other."""
    titles, inside = [], 0
    for title, _, children in schema[1:]:
        if not inside:
            titles.append(title)
        inside = max(inside - 1, 0) + (children or 0)
    return titles


def _refuse_twice(label: str, given: Input, titles: Sequence[str], wanted: Sequence[str]) -> None:
    for theirs in wanted:
        twice = [title for title in titles if title.strip(BLANKS).lower() == theirs.strip(BLANKS).lower()]
        if len(twice) > 1:
            raise DataError(
                told(
                    "{label}: it has the columns {twice}, which differ in capitals at most. Give each column a name of its "
                    "own.",
                    label=label,
                    twice=twice,
                ),
                rule="header_twice",
                file=given.name,
                column=theirs,
            )


def _describe(con: duckdb.DuckDBPyConnection, given: Input, file: Path, wanted: Sequence[str]) -> dict[str, str]:
    """Return the columns of a Parquet file with their types; decimals wider than DuckDB reads keep a type of their own."""
    name = text(glob.escape(str(file)))
    label = given.label if file == given.file else str(file)
    try:
        columns = con.execute(f"DESCRIBE FROM read_parquet({name}, hive_partitioning = false)").fetchall()
        schema = con.execute(f"SELECT name, precision, num_children FROM parquet_schema({name})").fetchall()
    except (duckdb.Error, UnicodeDecodeError) as error:
        if short := find_shortage(error):
            raise short from None
        none = "non-root column" in str(error)
        said = (
            told("the Parquet file has no columns, and no row. Export it again.")
            if none
            else told(
                "this is not a readable Parquet file: it is of another kind, or damaged, or cut ({reason}). Export it "
                "again.",
                reason=_reason(error),
            )
        )
        raise DataError(
            told("{label}: {said}", label=label, said=said),
            rule="file_empty" if none else "file_unreadable",
            file=given.name,
        ) from None
    _refuse_twice(label, given, _titles(schema), wanted)
    wide = [(title, precision) for title, precision, _ in schema if (precision or 0) > 38]
    kinds = {row[0]: row[1] for row in columns}
    return kinds | {title: f"DECIMAL of {digits} digits" for title, digits in wide if title in kinds}


def _parquet_source(given: Input, kinds: dict[str, str], files: Sequence[Path], asked: _Wanted) -> Source:
    columns = _match(kinds, asked.headers)
    for title, kind in kinds.items():
        if columns[title] in asked.headers and not PLAIN_KINDS.fullmatch(kind):
            wide = kind.startswith("DECIMAL of")
            said = (
                told("a decimal of more than 38 digits. Save it with fewer.")
                if wide
                else (told("its type {kind} is no text, number or date. Save it as one.", kind=shown(kind, 60)))
            )
            raise DataError(
                told("{label}, column {column}: {said}", label=given.label, column=shown(title), said=said),
                rule="number_too_wide" if wide else "column_kind",
                file=given.name,
                column=title,
            )
    names = ", ".join(text(glob.escape(str(file))) for file in files)
    is_folder = given.path.is_dir()
    reader = f"read_parquet([{names}], hive_partitioning = false, union_by_name = true, filename = '__path'"
    picked = [f"{quote(title)} AS {quote(column)}" for title, column in columns.items()]
    line = "file_row_number + 1"
    if "file_row_number" in {title.lower() for title in kinds}:
        line = "row_number() OVER (PARTITION BY __path)"
    else:
        reader += ", file_row_number = true"
    types = {columns[title]: kind for title, kind in kinds.items()}
    if is_folder:
        below = f"substr(__path, {len(str(given.path)) + 2})"
        picked.append(f"{below} AS __file")
        for key in _partitions(given.path, files):
            if key.lower() not in {title.lower() for title in types}:
                found = f"url_decode(regexp_extract('/' || {below}, {text('/' + re.escape(key) + '=([^/]*)/')}, 1))"
                picked.append(f"nullif(nullif({found}, '__HIVE_DEFAULT_PARTITION__'), '') AS {quote(key)}")
                types[key] = "VARCHAR"
    scan = f"SELECT {', '.join(picked)}, {line} AS __line FROM {reader})"
    return Source(given.name, given.path, "parquet", types, scan, label=given.label)


def _partitions(folder: Path, files: Sequence[Path]) -> list[str]:
    """Return the names before ``=`` in the folders between a folder and its files."""
    found = (part.split("=", 1)[0] for file in files for part in file.relative_to(folder).parts[:-1] if "=" in part)
    return list(dict.fromkeys(found))


def _match(titles: Sequence[str], wanted: Sequence[str]) -> dict[str, str]:
    """Return a name for each title: the wanted one that it is, case, width and blanks aside, else itself."""
    names = {title: title for title in titles}
    for theirs in wanted:
        same = find_same(theirs, titles)
        if same is not None and same not in wanted:
            names[same] = theirs
    return names


# ----------------------------------------------------------------------------------------------------------- one table


def check_mapping(source: Source, mapped: dict[str, str], *, job_file: Path) -> None:
    """Check that the file has every column that the job maps.

    Raises
    ------
    MissingColumnsError
        Names the file, what it lacks, what it has and the nearest header.
    """
    missing = [theirs for theirs in mapped.values() if theirs not in source.columns]
    if (
        missing and source.kind == "csv" and len(source.columns) < 2
    ):  # no table: its line may be a secret of some other file, and helps nobody
        raise DataError(
            told(
                "{label}: this is no table: its lines are not divided into columns by a tab, `;`, `|` or `,`. Name a "
                "table, or say `read: {{delimiter: ...}}`. Map your headers under `columns:` in {job_file}, which wants "
                "{wanted}.",
                label=source.label or source.path,
                job_file=job_file,
                wanted=", ".join(f"`{theirs}`" for theirs in missing),
            ),
            rule="column_missing",
            file=source.name,
            column=missing[0],
        )
    if missing:
        hints = "; ".join(f"`{theirs}`: {nearest(theirs, source.columns)}" for theirs in missing)
        raise MissingColumnsError(
            source.label or str(source.path),
            missing,
            source.columns,
            told("Map your headers under `columns:` in {job_file} ({hints})", job_file=job_file, hints=hints),
        )


def open_job(
    con: duckdb.DuckDBPyConnection,
    job: Job,
    files: Sequence[Path],
    *,
    scratch: Path,
    choose: Callable[[duckdb.DuckDBPyConnection, Sequence[Source], Mapping[str, str]], Sequence[Watched]] | None = None,
) -> tuple[list[Source], list[Watched]]:
    """Open all files of a job, see that each has the mapped columns, and let ``choose`` find what else is worth a look.

    Raises
    ------
    DataError, SettingsError
        No file, or one that cannot be opened or lacks a column.
    """
    if not files:
        raise SettingsError(told("`source` in {job_file} names no file.", job_file=job.file))
    mapped = job.columns.mapped
    with_digits = [mapped[ours] for ours in ("order_date", *NUMBERS) if ours in mapped]
    sources: list[Source] = []
    for path, name in zip(files, name_files(files), strict=True):
        opened = open_sources(
            con, path, job.read, scratch=scratch, name=name, wanted=list(mapped.values()), with_digits=with_digits
        )
        for source in opened:
            check_mapping(source, mapped, job_file=job.file)
        sources += opened
    return sources, list(choose(con, sources, mapped)) if choose else []


def load_raw(
    con: duckdb.DuckDBPyConnection, job: Job, files: Sequence[Path], *, scratch: Path, say: Callable[[str], None]
) -> list[Source]:
    """Open the files of a job and load them, as ``open_job`` and ``load_opened`` do."""
    sources, _ = open_job(con, job, files, scratch=scratch)
    load_opened(con, job, sources, say=say)
    return sources


def load_opened(
    con: duckdb.DuckDBPyConnection,
    job: Job,
    sources: list[Source],
    watched: Sequence[Watched] = (),
    *,
    say: Callable[[str], None],
) -> None:
    """Load the mapped columns of all sources as table ``raw``: ours as names, theirs as values, nothing changed.

    What is watched is loaded too, as text. A source that proves not to be clean is replaced in ``sources`` by itself as it
    is read carefully.

    The table has ``file``, ``line``, one column per mapped name in its source type (as text where the files
    differ in it), ``first_cell``, the text of the row's first column, and ``whole``, a hash of the entire source row
    that finds exact repeats. The table ``unread`` has the rows that are none: file, line, rule, value; those that could
    not be split into fields, and headers that stand there again.

    Raises
    ------
    DataError
        A file that cannot be read to its end, or that holds two tables.
    """
    con.execute("CREATE TABLE unread (file VARCHAR, line BIGINT, rule VARCHAR, value VARCHAR)")
    for number, source in enumerate(sources):
        say(str(told("reading {file}", file=source.name)))
        sources[number] = _load(con, job, sources, number, watched)
    _look_for_headers(con, job, sources)
    if con.execute("SELECT (SELECT count(*) FROM raw) + (SELECT count(*) FROM unread)").fetchone()[0] == 0:
        names = ", ".join(source.label for source in sources)
        raise DataError(
            told("{names}: there is a header and no order line below it.", names=names),
            rule="file_empty",
            file=sources[0].name,
        )


def _load(
    con: duckdb.DuckDBPyConnection, job: Job, sources: Sequence[Source], number: int, watched: Sequence[Watched]
) -> Source:
    """Load one source into ``raw_rows``: quickly where it proves clean, else carefully."""
    source = sources[number]
    if source.fast:
        con.begin()
        try:
            rows = con.execute(_loading(job, sources, number, source.fast, "NULL::BIGINT", watched)).fetchone()[0]
            if rows == source.rows:
                # numbered afterwards, by the place in the table: a row number while reading would cost all but one thread
                con.execute(
                    f"UPDATE raw SET line = raw.rowid - first.id + {source.header_line + 1} "
                    "FROM (SELECT min(rowid) AS id FROM raw WHERE line IS NULL) AS first WHERE line IS NULL"
                )
                con.commit()
                return source
        except duckdb.Error:  # read carefully, it is said where and why
            pass
        con.rollback()
        source = replace(source.carefully(), fast=None)
    try:
        con.execute(_loading(job, sources, number, source.scan, "__line", watched))
        if source.unread:
            con.execute(
                f"INSERT INTO unread SELECT {text(source.name)}, line, rule, value "
                f"FROM read_parquet({text(glob.escape(str(source.unread)))}, hive_partitioning = false)"
            )
    except duckdb.Error as error:
        raise unreadable(source, error) from None
    return source


def _loading(job: Job, sources: Sequence[Source], number: int, scan: str, line: str, watched: Sequence[Watched]) -> str:
    select = select_rows(job, sources, number, scan, line, watched)
    return f"CREATE TABLE raw AS {select}" if number == 0 else f"INSERT INTO raw BY NAME {select}"


def select_rows(
    job: Job, sources: Sequence[Source], number: int, scan: str, line: str, watched: Sequence[Watched]
) -> str:
    """Return SQL for the rows of one source as ``raw`` has them."""
    source = sources[number]
    file = "__file" if source.path.is_dir() else text(source.name)
    whole = ", ".join(_typed(column, sources, job) for column in sorted(source.columns))
    picked = ", ".join(
        f"{_typed(theirs, sources, job)} AS {quote(ours)}" for ours, theirs in job.columns.mapped.items()
    )
    for one in watched:
        value = f"{quote(one.header)}::VARCHAR" if one.header in source.columns else "NULL::VARCHAR"
        picked += f", {value} AS {one.name}"
    return (
        f"SELECT {file} AS file, {line} AS line, {picked}, hash({whole}) AS whole, "
        f"{_first_cell(source)} AS first_cell FROM ({scan})"
    )


def _first_cell(source: Source) -> str:
    """Return SQL for the text of a row's first column; what stands before it under no header comes first."""
    columns = list(source.columns)
    named = next((place for place, name in enumerate(columns) if name != f"column {place + 1}"), 0)
    return f"coalesce({', '.join(f'{quote(name)}::VARCHAR' for name in columns[: named + 1])})"


def _look_for_headers(con: duckdb.DuckDBPyConnection, job: Job, sources: Sequence[Source]) -> None:
    """Set aside headers that stand among the rows; refuse another header, below which the columns mean something else."""
    mapped = job.columns.mapped
    kinds = dict(row[:2] for row in con.execute("DESCRIBE raw").fetchall())
    if "order_date" not in mapped or any(kinds[ours] != "VARCHAR" for ours in mapped):
        return
    # a date begins with a digit and a title hardly ever does: of a clean log, no row is looked at any closer
    title = mapped["order_date"].strip(BLANKS)
    likely = "(order_date < '0' OR order_date >= ':')" if not title[:1].isdigit() else "true"
    plain = {ours: theirs.translate(dict.fromkeys(map(ord, BLANKS))).lower() for ours, theirs in mapped.items()}
    same = " AND ".join(
        f"lower(translate({quote(ours)}, {text(BLANKS)}, '')) = {text(theirs)}" for ours, theirs in plain.items()
    )
    found = con.execute(f"SELECT count(*) FROM raw WHERE {likely} AND {same}").fetchone()[0]
    if found:
        said = text(shown(", ".join(mapped.values())))
        con.execute(
            f"INSERT INTO unread SELECT file, line, 'header_repeated', {said} FROM raw WHERE {likely} AND {same}"
        )
        con.execute(f"DELETE FROM raw WHERE {likely} AND {same}")
    signs = [ours for ours in mapped if ours in ("order_date", *NUMBERS)]
    lettered = " AND ".join(f"regexp_matches({quote(ours)}, '^[^0-9]+$')" for ours in signs)
    rows = con.execute(
        f"SELECT file, line, {', '.join(quote(ours) for ours in mapped)} FROM raw WHERE {likely} AND {lettered} "
        "ORDER BY file, line LIMIT 1000"
    ).fetchall()
    for file, line, *cells in rows:
        if None not in cells and looks_like_header([cell.strip(BLANKS) for cell in cells]):
            label = next((source.label for source in sources if source.name == file), file)
            raise two_tables(label, file, line, cells)


def _typed(column: str, sources: Sequence[Source], job: Job) -> str:
    """Return SQL for a column of the source: itself, or its text where the files disagree on its type."""
    types = {source.columns[column] for source in sources if column in source.columns}
    if len(types) == 1:
        return quote(column)
    as_text, kind = f"{quote(column)}::VARCHAR", f"typeof({quote(column)})"
    if job.read.decimal in (None, ".") or column not in [job.columns.mapped.get(ours) for ours in NUMBERS]:
        return as_text
    return f"CASE WHEN {kind} IN ('FLOAT', 'DOUBLE') OR {kind} LIKE 'DECIMAL%' THEN replace({as_text}, '.', ',') ELSE {as_text} END"


def unreadable(source: Source, error: duckdb.Error) -> KalibError:
    """Return the refusal of a file that DuckDB could not read to its end; a full disk is not the file's fault."""
    short = find_shortage(error)
    if short:
        return short
    found = re.search(r"CSV Error on Line: (\d+)", str(error))
    line = int(found[1]) if found else None
    what = {"label": source.label, "line": line, "reason": _reason(error)}
    said = (
        told(
            "{label}, line {line}: the file cannot be read to its end ({reason}). Look at that line: a quote that is not "
            "closed, or more or fewer fields than the header has.",
            **what,
        )
        if line
        else told("{label}: the file cannot be read to its end ({reason}). Export it again.", **what)
    )
    return DataError(said, rule="row_unreadable", file=source.name, line=line)


def _reason(error: Exception) -> str:
    """Return the part of DuckDB's message that says what it met, without its advice."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines[1:] if line.startswith(("Expected Number", "Value with", "Maximum line"))]
    return re.sub(r"^([A-Z]\w* )+Error: ", "", (said or lines)[0]).rstrip(".")
