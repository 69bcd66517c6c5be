"""Where does data to try kalib on come from? Fetches Online Retail II, or copies a sample that ships with kalib."""

from __future__ import annotations

import datetime as dt
import filecmp
import os
import shutil
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from kalib.errors import DataError, SettingsError, nearest
from kalib.publish.places import shipped_folder

RETAIL = "online-retail-ii"
SHIPPED = ("wholesale", "cdnow")
RETAIL_URL = "https://archive.ics.uci.edu/static/public/502/online+retail+ii.zip"
RETAIL_PAGE = "https://archive.ics.uci.edu/dataset/502/online+retail+ii"
RETAIL_ROWS = 1_067_371
RETAIL_SCHEMA = pa.schema(
    {
        "Invoice": pa.string(),
        "StockCode": pa.string(),
        "Description": pa.string(),
        "Quantity": pa.int32(),
        "InvoiceDate": pa.timestamp("ms"),
        "Price": pa.float64(),
        "Customer ID": pa.int32(),
        "Country": pa.string(),
    }
)
LICENCE = (
    "Online Retail II, Chen, D. (2019), UCI Machine Learning Repository, https://doi.org/10.24432/C5CG6D, CC BY 4.0"
)
LICENCE_TEXT = f"""{LICENCE}.

The data set is licensed under the Creative Commons Attribution 4.0 International licence (CC BY 4.0),
https://creativecommons.org/licenses/by/4.0/: it may be shared and adapted for any purpose if credit is given as above.

Changed by `kalib get`: the two sheets of the workbook are joined into one Parquet file; no row and no value is changed.
"""
MAX_DOWNLOAD = 200 << 20
MAX_WORKBOOK = 200 << 20
MAX_UNPACKED = 2 << 30
CHUNK = 1 << 18
BATCH_ROWS = 50_000

Cell = str | float | int | bool | dt.datetime | dt.date | dt.time | dt.timedelta


def get(name: str, *, folder: Path, url: str | None = None, say: Callable[[str], None]) -> Path:
    """Get a data set to try kalib on, with a job file that is ready to run.

    The job file goes to ``jobs`` in ``folder``, or beside it where ``folder`` is called ``data``.

    Parameters
    ----------
    name : ``online-retail-ii`` (fetched), ``wholesale`` or ``cdnow`` (they ship with kalib)
    folder : where data sets lie; the data goes into a folder of its own in it
    url : another address of the same zip file, ``file:///...`` included
    say : takes a line on each step

    Returns
    -------
    Path
        The job file.

    Raises
    ------
    DataError
        The download fails or holds something else than the known data set; nothing is written then.
    SettingsError
        An unknown name, or a file that is there already and differs.
    """
    if name == RETAIL:
        return _get_retail(folder, url or RETAIL_URL, say)
    if name in SHIPPED:
        return _copy_shipped(name, folder, say)
    raise SettingsError(f"`{name}`: there is no such data set; {nearest(name, (RETAIL, *SHIPPED))}")


def _root(folder: Path) -> Path:
    return folder.parent if folder.name == "data" else folder


def _get_retail(folder: Path, url: str, say: Callable[[str], None]) -> Path:
    orders = folder / RETAIL / "orders.parquet"
    if orders.exists():
        _check_present(orders)
        say(f"{orders} is there already")
    else:
        with tempfile.TemporaryDirectory() as scratch:
            packed, workbook, made = (Path(scratch) / name for name in ("orders.zip", "orders.xlsx", "orders.parquet"))
            say(f"fetching {url}")
            _download(url, packed)
            _unpack(packed, workbook, url)
            say("reading the two sheets of the workbook, about a minute")
            rows = _convert(workbook, made, url)
            orders.parent.mkdir(parents=True, exist_ok=True)
            (orders.parent / "LICENCE.txt").write_text(LICENCE_TEXT, encoding="utf-8")
            part = orders.with_suffix(".part")
            shutil.copyfile(made, part)
            os.replace(part, orders)
        say(f"{orders}: {rows:,} rows")
    say(LICENCE)
    return _write_retail_job(folder, say)


def _check_present(orders: Path) -> None:
    try:
        found = pq.ParquetFile(orders)
    except (pa.ArrowInvalid, OSError):
        rows, columns = 0, []
    else:
        rows, columns = found.metadata.num_rows, found.schema_arrow.names
    if rows != RETAIL_ROWS or columns != RETAIL_SCHEMA.names:
        raise SettingsError(
            f"{orders}: this file is there already and is not the data set ({rows:,} rows, columns {columns}). Move it away first."
        )


def _write_retail_job(folder: Path, say: Callable[[str], None]) -> Path:
    root = _root(folder)
    job = root / "jobs" / f"{RETAIL}.yaml"
    if job.exists():
        say(f"{job} is there already and stays as it is")
        return job
    text = resources.files("kalib.publish").joinpath("templates", f"{RETAIL}.yaml").read_text(encoding="utf-8")
    source = (folder / RETAIL / "orders.parquet").relative_to(root).as_posix()
    job.parent.mkdir(parents=True, exist_ok=True)
    job.write_text(text.replace(f"data/{RETAIL}/orders.parquet", source), encoding="utf-8")
    say(f"{job} is the job file")
    return job


# ------------------------------------------------------------------------------------------------------------- fetching


def _refuse(url: str, found: str, remedy: str = "") -> DataError:
    remedy = remedy or f"Find the data set at {RETAIL_PAGE}, and give the address of its zip file with `--url`."
    return DataError(f"{url}: {found}. {remedy}", rule="download", file=url)


def _download(url: str, target: Path) -> None:
    """Fetch ``url`` in chunks, with a bar where there is a terminal."""
    if url.partition(":")[0].lower() not in ("http", "https", "file"):
        raise SettingsError(f"`--url {url}`: an address starts with https://, http:// or file://.")
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("fetching"),
        BarColumn(),
        DownloadColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    try:
        with urllib.request.urlopen(url, timeout=60) as answer, target.open("wb") as stream, bar:
            length = answer.headers.get("Content-Length")
            expected = int(length) if length and length.isdigit() else None
            step = bar.add_task("fetching", total=expected)
            fetched = 0
            while chunk := answer.read(CHUNK):
                fetched += len(chunk)
                if fetched > MAX_DOWNLOAD:
                    raise _refuse(url, f"this is larger than {MAX_DOWNLOAD >> 20} MB, and the data set is about 45")
                stream.write(chunk)
                bar.update(step, completed=fetched)
    except urllib.error.HTTPError as error:
        raise _refuse(url, f"the server answers {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        remedy = (
            f"Without a network, fetch the zip file from {RETAIL_PAGE} on another machine and give it with `--url file:///…/online_retail_ii.zip`. "
            "The sample `wholesale` needs no network: `kalib get wholesale`."
        )
        raise _refuse(url, f"the server cannot be reached ({error.reason})", remedy) from None
    except (OSError, ValueError) as error:
        raise _refuse(url, f"the download broke off ({error})", "Try again.") from None
    if expected is not None and fetched != expected:
        raise _refuse(url, f"the download broke off after {fetched:,} of {expected:,} bytes", "Try again.")


def _unpack(packed: Path, workbook: Path, url: str) -> None:
    """Take the one workbook out of the zip; names inside the zip are never used as paths."""
    try:
        with zipfile.ZipFile(packed) as archive:
            members = [member for member in archive.infolist() if member.filename.lower().endswith(".xlsx")]
            if len(members) != 1:
                raise _refuse(
                    url,
                    f"expected a zip file with one .xlsx workbook, found {[member.filename for member in archive.infolist()][:5]}",
                )
            if members[0].file_size > MAX_WORKBOOK:
                raise _refuse(url, f"the workbook is {members[0].file_size:,} bytes; expected at most {MAX_WORKBOOK:,}")
            with archive.open(members[0]) as source, workbook.open("wb") as target:
                shutil.copyfileobj(source, target, CHUNK)
        with zipfile.ZipFile(workbook) as inner:
            if sum(member.file_size for member in inner.infolist()) > MAX_UNPACKED:
                raise _refuse(url, f"the workbook unpacks to more than {MAX_UNPACKED >> 30} GB")
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise _refuse(url, f"expected a zip file with an .xlsx workbook, found something else ({error})") from None


# ----------------------------------------------------------------------------------------------------------- converting


def _convert(workbook: Path, target: Path, url: str) -> int:
    """Write both sheets as one Parquet file and return its rows, which must be those of the known data set."""
    rows = 0
    try:
        book = CalamineWorkbook.from_path(workbook)
        with pq.ParquetWriter(target, RETAIL_SCHEMA, compression="zstd") as writer:
            for sheet in book.sheet_names:
                lines = book.get_sheet_by_name(sheet).iter_rows()
                header = [str(cell).strip() for cell in next(lines, [])]
                if header != RETAIL_SCHEMA.names:
                    raise _refuse(url, f"sheet {sheet!r} has the columns {header}; expected {RETAIL_SCHEMA.names}")
                for batch in _batches(lines):
                    writer.write_table(_table(batch, sheet, rows, url))
                    rows += len(batch)
    except CalamineError as error:
        raise _refuse(url, f"the workbook cannot be read ({error})") from None
    if rows != RETAIL_ROWS:
        raise _refuse(url, f"expected {RETAIL_ROWS:,} rows in the workbook, found {rows:,}")
    return rows


def _batches(lines: Iterator[list[Cell]]) -> Iterator[list[list[Cell]]]:
    batch: list[list[Cell]] = []
    for line in lines:
        batch.append(line)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _table(batch: list[list[Cell]], sheet: str, before: int, url: str) -> pa.Table:
    arrays = []
    for field, cells in zip(RETAIL_SCHEMA, zip(*batch, strict=True), strict=True):
        try:
            values = [_as_text(cell) for cell in cells] if pa.types.is_string(field.type) else _blank_as_none(cells)
            arrays.append(pa.array(values, type=field.type))
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise _refuse(
                url, f"sheet {sheet!r}, column {field.name!r}, after row {before:,}: expected {field.type} ({error})"
            ) from None
    return pa.table(arrays, schema=RETAIL_SCHEMA)


def _as_text(cell: Cell) -> str | None:
    """Return a cell as text: numbers that stand for codes without a decimal point, an empty cell as missing."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell) if cell != "" else None


def _blank_as_none(cells: Sequence[Cell]) -> list[Cell | None]:
    return [None if cell == "" else cell for cell in cells]


# -------------------------------------------------------------------------------------------------------------- copying


def _copy_shipped(name: str, folder: Path, say: Callable[[str], None]) -> Path:
    """Copy a shipped job and its data, all or nothing; what is there already must be the same."""
    shipped, root = shipped_folder(), _root(folder)
    job = Path("jobs") / f"{name}.yaml"
    data = sorted(
        path.relative_to(shipped)
        for path in (shipped / "data" / name).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    )
    if not (shipped / job).is_file() or not data:
        raise SettingsError(
            f"the sample `{name}` is not in this installation of kalib ({shipped}). Install kalib again."
        )
    for path in (job, *data):
        if (root / path).exists() and not filecmp.cmp(shipped / path, root / path, shallow=False):
            raise SettingsError(
                f"{root / path}: this file is there already and differs from the sample's. Move it away, or go to another folder."
            )
    copied = [path for path in (job, *data) if not (root / path).exists()]
    for path in copied:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        part = root / path.with_name(f"{path.name}.part")
        shutil.copyfile(shipped / path, part)
        os.replace(part, root / path)
    say(
        f"{root / 'data' / name} and {root / job}: {len(copied)} files copied, {len(data) + 1 - len(copied)} there already"
    )
    return root / job
