"""Fetching a data set: only the known one is kept, whole or not at all, and every refusal says what to do."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import threading
import zipfile
from collections.abc import Iterable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from kalib.errors import DataError, SettingsError
from kalib.publish import get as module
from kalib.publish.get import RETAIL_SCHEMA, get
from kalib.settings import read_job

HEADER = RETAIL_SCHEMA.names
MORNING = dt.datetime(2009, 12, 1, 7, 45)
LINES = [
    [489434, 85048, "15CM GLASS BALL", 12, MORNING, 6.95, 13085, "United Kingdom"],
    ["C489449", "79323P", " WHITE LIGHTS", -12, MORNING, 6.75, None, "Australia"],
    [489435, "m", None, 1, MORNING, 0, 13086, "EIRE"],
]


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    folder = tmp_path / "site"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    server.server_close()
    thread.join()


def write_workbook(
    target: Path | io.BytesIO, sheets: dict[str, Iterable[list[object]]], header: list[str] = HEADER
) -> None:
    with xlsxwriter.Workbook(target, {"constant_memory": True, "strings_to_numbers": False}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for name, lines in sheets.items():
            sheet = book.add_worksheet(name)
            for number, line in enumerate(itertools.chain([header], lines)):
                for column, value in enumerate(line):
                    if isinstance(value, dt.datetime):
                        sheet.write_datetime(number, column, value, day)
                    elif isinstance(value, str):
                        sheet.write_string(number, column, value)
                    elif value is not None:
                        sheet.write(number, column, value)


def pack(folder: Path, *, header: list[str] = HEADER, name: str = "online_retail_II.xlsx") -> None:
    workbook = io.BytesIO()
    write_workbook(workbook, {"Year 2009-2010": LINES, "Year 2010-2011": LINES[:1]}, header)
    with zipfile.ZipFile(folder / "retail.zip", "w") as archive:
        archive.writestr(name, workbook.getvalue())


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def test_retail_is_fetched_with_its_licence_and_job(site, tmp_path, monkeypatch):
    address, folder = site
    pack(folder)
    monkeypatch.setattr(module, "RETAIL_ROWS", 4)
    said: list[str] = []
    job_file = get("online-retail-ii", folder=tmp_path / "home" / "data", url=f"{address}/retail.zip", say=said.append)

    assert job_file == tmp_path / "home" / "jobs" / "online-retail-ii.yaml"
    orders = tmp_path / "home" / "data" / "online-retail-ii" / "orders.parquet"
    job = read_job(job_file)
    assert job.path(job.source[0]) == orders
    table = pq.read_table(orders)
    assert table.schema.equals(RETAIL_SCHEMA)
    assert table.to_pylist()[:3] == [
        dict(
            zip(HEADER, ["489434", "85048", "15CM GLASS BALL", 12, MORNING, 6.95, 13085, "United Kingdom"], strict=True)
        ),
        dict(zip(HEADER, ["C489449", "79323P", " WHITE LIGHTS", -12, MORNING, 6.75, None, "Australia"], strict=True)),
        dict(zip(HEADER, ["489435", "m", None, 1, MORNING, 0.0, 13086, "EIRE"], strict=True)),
    ]
    assert "CC BY 4.0" in (orders.parent / "LICENCE.txt").read_text(encoding="utf-8")
    assert any("Chen, D. (2019)" in line and "CC BY 4.0" in line for line in said)
    assert {path.name for path in files_in(tmp_path / "home")} == {
        "orders.parquet",
        "LICENCE.txt",
        "online-retail-ii.yaml",
    }

    job_file.write_text("job: mine\n", encoding="utf-8")
    get("online-retail-ii", folder=tmp_path / "home" / "data", url="http://127.0.0.1:9/never", say=said.append)
    assert job_file.read_text(encoding="utf-8") == "job: mine\n"


def test_retail_outside_a_data_folder(site, tmp_path, monkeypatch):
    address, folder = site
    pack(folder)
    monkeypatch.setattr(module, "RETAIL_ROWS", 4)
    job = read_job(
        get("online-retail-ii", folder=tmp_path / "here", url=f"{address}/retail.zip", say=lambda line: None)
    )
    assert job.path(job.source[0]) == tmp_path / "here" / "online-retail-ii" / "orders.parquet"
    assert job.path(job.source[0]).is_file()


def test_wrong_row_count_is_refused_and_nothing_written(site, tmp_path):
    address, folder = site
    pack(folder)
    with pytest.raises(DataError, match=r"expected 1,067,371 rows in the workbook, found 4"):
        get("online-retail-ii", folder=tmp_path / "data", url=f"{address}/retail.zip", say=lambda line: None)
    assert files_in(tmp_path / "data") == []
    assert not (tmp_path / "jobs").exists()


def test_wrong_columns_are_refused(site, tmp_path):
    address, folder = site
    pack(folder, header=["InvoiceNo", *HEADER[1:]])
    with pytest.raises(DataError, match=r"'Year 2009-2010' has the columns \['InvoiceNo'.*expected \['Invoice'"):
        get("online-retail-ii", folder=tmp_path / "data", url=f"{address}/retail.zip", say=lambda line: None)


def test_missing_page_says_where_to_look(site, tmp_path):
    with pytest.raises(DataError, match=r"the server answers 404 .*archive\.ics\.uci\.edu.*`--url`"):
        get("online-retail-ii", folder=tmp_path / "data", url=f"{site[0]}/gone.zip", say=lambda line: None)
    assert files_in(tmp_path / "data") == []


def test_no_network_names_the_way_without(tmp_path):
    with pytest.raises(DataError, match=r"cannot be reached.*--url file:///.*kalib get wholesale"):
        get("online-retail-ii", folder=tmp_path / "data", url="http://127.0.0.1:9/retail.zip", say=lambda line: None)


def test_only_addresses_are_fetched(tmp_path):
    with pytest.raises(SettingsError, match="an address starts with https://"):
        get("online-retail-ii", folder=tmp_path / "data", url="ftp://example.org/a.zip", say=lambda line: None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>sorry</html>", "expected a zip file with an .xlsx workbook"),
        (b"PK\x03\x04 and then nothing", "expected a zip file with an .xlsx workbook"),
        ({"readme.txt": b"hello"}, r"one .xlsx workbook, found \['readme.txt'\]"),
        ({"a.xlsx": b"", "b.xlsx": b""}, r"one .xlsx workbook, found \['a.xlsx', 'b.xlsx'\]"),
        ({"a.xlsx": b"not a workbook"}, "expected a zip file with an .xlsx workbook"),
    ],
)
def test_broken_zips_are_refused(site, tmp_path, content, message):
    address, folder = site
    if isinstance(content, dict):
        with zipfile.ZipFile(folder / "retail.zip", "w") as archive:
            for name, inside in content.items():
                archive.writestr(name, inside)
    else:
        (folder / "retail.zip").write_bytes(content)
    with pytest.raises(DataError, match=message):
        get("online-retail-ii", folder=tmp_path / "data", url=f"{address}/retail.zip", say=lambda line: None)
    assert files_in(tmp_path / "data") == []


def test_large_files_and_names_that_lead_outside_do_no_harm(site, tmp_path, monkeypatch):
    address, folder = site
    pack(folder, name="../../evil.xlsx")
    monkeypatch.setattr(module, "RETAIL_ROWS", 4)
    get("online-retail-ii", folder=tmp_path / "data", url=f"{address}/retail.zip", say=lambda line: None)
    assert not list(tmp_path.rglob("evil.xlsx"))
    for limit, message in (
        ("MAX_DOWNLOAD", "larger than"),
        ("MAX_WORKBOOK", "expected at most"),
        ("MAX_UNPACKED", "unpacks to more"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, limit, 10)
            with pytest.raises(DataError, match=message):
                get(
                    "online-retail-ii",
                    folder=tmp_path / limit / "data",
                    url=f"{address}/retail.zip",
                    say=lambda line: None,
                )


def test_another_file_in_its_place_is_not_overwritten(tmp_path):
    orders = tmp_path / "data" / "online-retail-ii" / "orders.parquet"
    orders.parent.mkdir(parents=True)
    pq.write_table(pa.table({"a": [1]}), orders)
    with pytest.raises(SettingsError, match="is there already and is not the data set"):
        get("online-retail-ii", folder=tmp_path / "data", say=lambda line: None)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shipped"
    (folder / "jobs").mkdir(parents=True)
    (folder / "data" / "wholesale").mkdir(parents=True)
    (folder / "jobs" / "wholesale.yaml").write_text("job: wholesale\n", encoding="utf-8")
    (folder / "data" / "wholesale" / "orders.parquet").write_bytes(b"orders")
    (folder / "data" / "wholesale" / "make.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(module, "shipped_folder", lambda: folder)
    return folder


def test_sample_is_copied_and_never_overwrites(shipped, tmp_path):
    home = tmp_path / "home"
    said: list[str] = []
    job = get("wholesale", folder=home / "data", say=said.append)
    assert job == home / "jobs" / "wholesale.yaml"
    assert {str(path.relative_to(home)) for path in files_in(home)} == {
        "jobs/wholesale.yaml",
        "data/wholesale/orders.parquet",
    }
    get("wholesale", folder=home / "data", say=said.append)
    assert "0 files copied, 2 there already" in said[-1]

    (home / "data" / "wholesale" / "orders.parquet").write_bytes(b"mine")
    job.unlink()
    with pytest.raises(SettingsError, match=r"orders\.parquet: this file is there already and differs"):
        get("wholesale", folder=home / "data", say=said.append)
    assert not job.exists()


def test_sample_that_is_not_installed(shipped, tmp_path):
    with pytest.raises(SettingsError, match="`cdnow` is not in this installation"):
        get("cdnow", folder=tmp_path, say=lambda line: None)


def test_unknown_name_names_the_nearest(tmp_path):
    with pytest.raises(SettingsError, match="did you mean `wholesale`"):
        get("wholesal", folder=tmp_path, say=lambda line: None)


@pytest.mark.deep
def test_the_real_workbook_gives_the_known_rows(tmp_path, retail):
    known = pq.read_table(retail)
    split = 525_461  # rows of the first sheet
    workbook = tmp_path / "online_retail_II.xlsx"

    def lines(table: pa.Table) -> Iterator[list[object]]:
        for batch in table.to_batches(max_chunksize=20_000):
            for invoice, stock, *rest in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield [int(invoice) if invoice.isdigit() else invoice, int(stock) if stock.isdigit() else stock, *rest]

    write_workbook(workbook, {"Year 2009-2010": lines(known[:split]), "Year 2010-2011": lines(known[split:])})
    with zipfile.ZipFile(tmp_path / "retail.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.write(workbook, "online_retail_II.xlsx")
    get("online-retail-ii", folder=tmp_path / "data", url=(tmp_path / "retail.zip").as_uri(), say=lambda line: None)
    made = pq.read_table(tmp_path / "data" / "online-retail-ii" / "orders.parquet")
    assert made.num_rows == known.num_rows
    for name in HEADER:
        assert made[name].combine_chunks().equals(known[name].cast(RETAIL_SCHEMA.field(name).type).combine_chunks()), (
            name
        )
