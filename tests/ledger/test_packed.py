"""What is packed is read as if it were not; what grows, hides, nests or is locked is refused, and no name leads anywhere."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import random
import tempfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kalib.errors import DataError, SettingsError
from kalib.ledger import packed

from .reading import ANN, HEADER, ROW, archive, grid, load, refusal, said, workbook

BOOK = workbook({"S": grid([["customer", "order", "date", "amount"], ["bob", 1, dt.date(2024, 1, 5), 10.5]])})


def parquet() -> bytes:
    """Return a small Parquet file."""
    target = io.BytesIO()
    cells = {"customer": ["cid"], "order": ["1"], "date": [dt.date(2024, 1, 5)], "amount": [1.5]}
    pq.write_table(pa.table(cells), target)
    return target.getvalue()


def test_gzip_is_read_with_all_its_members(tmp_path):
    raw = load(tmp_path, gzip.compress((HEADER + ROW).encode()) + gzip.compress(ROW.encode()), "o.csv.gz")
    assert raw.rows == [("o.csv.gz", 2, *ANN), ("o.csv.gz", 3, *ANN)]


@pytest.mark.parametrize(("name", "content", "who"), [("o.xlsx.gz", BOOK, "bob"), ("o.parquet.gz", parquet(), "cid")])
def test_gzip_may_hold_a_workbook_or_parquet(tmp_path, name, content, who):
    assert load(tmp_path, gzip.compress(content), name).cells[0][0] == who


def test_every_table_of_a_zip_is_a_source(tmp_path):
    members = {
        "2024/jan.csv": HEADER + ROW,
        "feb.csv": (HEADER + ROW).replace(",", ";").encode("utf-16"),
        "mar.xlsx": BOOK,
        "apr.parquet": parquet(),
        "__MACOSX/._jan.csv": "x",
        ".hidden.csv": "x",
        "folder/": "",
        "readme.pdf": "%PDF",
    }
    raw = load(tmp_path, archive(members), "o.zip")
    names = ["o.zip/2024/jan.csv", "o.zip/apr.parquet", "o.zip/feb.csv", "o.zip/mar.xlsx[S]"]
    assert [row[0] for row in raw.rows] == names
    left = {value for rule, _, value in raw.noted if rule == "member_left_out"}
    assert left == {"__MACOSX/._jan.csv", ".hidden.csv", "readme.pdf"}


def test_a_row_in_a_member_is_named_with_it(tmp_path):
    error = refusal(tmp_path, archive({"a.csv": HEADER + 'bob,1,2024-01-05,"3\n' + ROW}), "o.zip")
    assert (error.file, error.line) == ("o.zip/a.csv", 2)
    assert said(error, tmp_path).startswith("o.zip/a.csv, line 2: a quote opens here")


def test_names_in_an_archive_lead_nowhere(tmp_path):
    evil = ["../../up.csv", "/abs/olute.csv", "..\\win.csv", "a\n'b\".csv", "C:\\x.csv", "a" * 3000 + ".csv"]
    raw = load(tmp_path, archive(dict.fromkeys(evil, HEADER + ROW)), "o.zip")
    assert len(raw.rows) == len(evil)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".scratch", "o.zip"]
    assert not list(tmp_path.parent.glob("*.csv"))


def test_chinese_names_of_windows_are_shown_as_written(tmp_path):
    content = archive({"aaaa.csv": HEADER + ROW}).replace(b"aaaa.csv", "订单".encode("gbk") + b".csv")
    assert load(tmp_path, content, "o.zip").rows[0][0] == "o.zip/订单.csv"


@pytest.mark.parametrize(
    ("name", "content", "rule", "message"),
    [
        (
            "o.zip",
            archive({"in.zip": archive({"a.csv": HEADER})}),
            "packed_nested",
            "o.zip/in.zip: an archive within an archive is not unpacked. Unpack it once, and name what is in it.",
        ),
        (
            "o.zip",
            archive({"in.csv": archive({"a.csv": HEADER})}),
            "packed_nested",
            "o.zip/in.csv: an archive within an archive is not unpacked. Unpack it once, and name what is in it.",
        ),
        (
            "o.csv.gz",
            gzip.compress(gzip.compress(b"a,b\n", mtime=0), mtime=0),
            "packed_nested",
            "o.csv.gz: an archive within an archive is not unpacked. Unpack it once, and name what is in it.",
        ),
        (
            "o.zip",
            archive({"a.csv": b"0" * (80 << 20)}),
            "packed_too_large",
            "o.zip: the archive is refused: it grows more than 250 times when it is unpacked. "
            "Unpack it yourself if you trust it, and name what is in it.",
        ),
        (
            "o.csv.gz",
            gzip.compress(b"0" * (80 << 20), mtime=0),
            "packed_too_large",
            "o.csv.gz: the archive is refused: it grows more than 250 times when it is unpacked. "
            "Unpack it yourself if you trust it, and name what is in it.",
        ),
        (
            "o.csv.gz",
            gzip.compress((HEADER + ROW).encode(), mtime=0)[:-5],
            "file_unreadable",
            "o.csv.gz: the archive is damaged (Compressed file ended before the end-of-stream marker was reached). Get it again.",
        ),
        (
            "o.zip",
            archive({"a.pdf": "x"}),
            "file_empty",
            "o.zip: nothing in the archive is a table that is read "
            "(.csv, .tsv, .txt, .tab, .parquet, .pq, .xlsx, .xlsm, .xls, .ods).",
        ),
        (
            "o.7z",
            b"7z\xbc\xaf\x27\x1c....",
            "file_kind",
            "o.7z: this is packed with 7z. Save or unpack it as CSV, Excel or Parquet.",
        ),
    ],
)
def test_what_is_not_unpacked_says_why(tmp_path, name, content, rule, message):
    error = refusal(tmp_path, content, name)
    assert (error.rule, said(error, tmp_path)) == (rule, message)


def test_an_archive_larger_than_any_log_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "LARGEST", 1 << 20)
    text = HEADER + "".join(f"c{random.Random(n).random()},{n},2024-01-05,1\n" for n in range(40_000))
    for name, content in (("o.zip", archive({"a.csv": text})), ("o.csv.gz", gzip.compress(text.encode()))):
        error = refusal(tmp_path, content, name)
        assert error.rule == "packed_too_large"
        assert "it holds more than 0 GiB" in str(error)


def test_a_locked_member_is_refused(tmp_path):
    content = bytearray(archive({"a.csv": HEADER + ROW}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    error = refusal(tmp_path, bytes(content), "o.zip")
    assert (error.rule, error.file) == ("packed_locked", "o.zip/a.csv")
    assert "it is locked with a password. Unpack it, or pack it without one." in str(error)


_SEEDS = {
    "o.zip": archive({"a.csv": HEADER + ROW, "b.xlsx": BOOK}),
    "o.csv.gz": gzip.compress((HEADER + ROW).encode()),
    "o.xlsx": BOOK,
    "o.parquet": parquet(),
}


@pytest.mark.parametrize("name", _SEEDS)
@pytest.mark.parametrize("seed", range(12))
def test_damaged_files_are_read_or_refused(name, seed):
    chance = random.Random(f"{name}{seed}")
    content = bytearray(_SEEDS[name])
    for _ in range(chance.choice([1, 2, 5, 20])):
        place = chance.randrange(len(content) or 1)
        if content and chance.random() < 0.6:
            content[place] = chance.randrange(256)
        else:
            del content[place : place + chance.randrange(1, 30)]
    with tempfile.TemporaryDirectory() as folder:
        try:
            load(Path(folder), bytes(content), name)
        except (DataError, SettingsError) as error:
            assert name in str(error)  # noqa: PT017


def test_zip_files_are_closed_over_their_members_only(tmp_path):
    with zipfile.ZipFile(tmp_path / "o.zip", "w") as target:
        target.mkdir("empty")
    assert refusal(tmp_path, name="o.zip").rule == "file_empty"


def test_a_note_beside_the_orders_is_left_out_and_noted(tmp_path):
    content = archive({"jan.csv": HEADER + ROW, "readme.txt": "Orders of January.\nAll of them.\n"})
    found = load(tmp_path, content, "orders.zip")
    assert found.cells == [ANN]
    assert ("member_left_out", None, "readme.txt") in found.noted


@pytest.mark.parametrize("other", ["a,b,c,d\n" + ROW, "customer,order\nann,1\n"])
def test_another_table_beside_the_orders_is_no_litter(tmp_path, other):
    assert isinstance(refusal(tmp_path, archive({"jan.csv": HEADER + ROW, "feb.csv": other}), "orders.zip"), DataError)
