"""Can any file bring the reader down? Random damage ends in a refusal or in a report whose rows add up; honest respelling changes nothing.

``KALIB_FUZZ=100000 pytest tests/dirty/test_fuzz.py`` runs so many examples; without it, some twenty, or a thousand with
``--hypothesis-profile=deep``, always the same.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import os
import random
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from case import AS_OF, COLUMNS, HEADER, Figures, Row, figures
from cases_sheets import sheets
from examine import write_books
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kalib.errors import KalibError
from kalib.ledger import LedgerReport, build
from kalib.settings import Job
from tests.depth import is_deep

ASKED = int(os.environ.get("KALIB_FUZZ", "0"))
EXAMPLES = ASKED or (1000 if is_deep() else 20)


def examples(share: float) -> settings:
    """Return settings for this share of the examples."""
    return settings(
        max_examples=max(1, round(EXAMPLES * share)),
        derandomize=not ASKED,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


NASTY = (
    "", " ", "0", "-0", "-", "--", "NULL", "NaN", "inf", "-inf", "1e5", "1e400", "1E-400", "#REF!", "TRUE", "1,5", "1.234,5", "1,234.5", "1.234",
    "(5)", "5-", "5%", "€5", "$5", "¥5", "５", "٥", "½", "5kg", "=1+1", "'5", '"', '""', '"5', "5\n6", "5\r\n6", "a,b", "a;b", "a\tb", "a|b", "\\", "\\n",
    "\x00", "\x01", "\x1a", "\ufeff", "\ufffd", "\u202e", "\u200b", "\u00a0", "\u3000", "\U0001f3ea", "合计", "Total", "customer", "9" * 400, "2025-02-30",
    "0000-00-00", "9999-12-31", "31/12/2025", "01/02/2025", "45688", "20250131", "2025年1月5日", "2025-01-31T23:59:60Z", "2025-01-31T00:00:00+99:99",
    "infinity", "epoch", "today", "-1-1-1", "'; DROP TABLE raw; --", "<script>", "../../etc/passwd", "%s%n", "{0}", "$1", "x" * 70_000,
)  # fmt: skip
DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "gb18030", "cp1252")

rows = st.lists(
    st.builds(
        Row,
        st.sampled_from(["C01", "C02", "c03", "007", "7", "Ann Lee", "12345678901234567890"]),
        st.integers(1, 6).map(str),
        st.dates(dt.date(2025, 1, 1), dt.date(2025, 6, 30)).map(dt.date.isoformat),
        st.integers(-99_900, 9_999_900).map(lambda cents: f"{cents / 100:.2f}"),
    ),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module", autouse=True)
def books() -> Iterator[None]:
    """Write only customers and rows set aside: the features have tests of their own, and cost more than the reading."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["kalib.ledger.building"], "_write_tables", write_books)
        yield


def text(lines: list[Row], *, delimiter: str = ",", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    """Return rows as text."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([HEADER, *lines])
    return buffer.getvalue()


def attempt(job: Job, out: Path) -> LedgerReport | KalibError:
    """Build a ledger; a refusal is an answer, any other exception is not."""
    try:
        return build(job, out)
    except KalibError as refusal:
        return refusal


def read(content: bytes, name: str, **said: object) -> tuple[LedgerReport, dict[str, Figures]] | KalibError:
    """Build the ledger of one file; returns the report and its customers, or the refusal, which must leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        folder = Path(place)
        (folder / name).write_bytes(content)
        fields = {"job": "fuzz", "source": name, "columns": COLUMNS, "as_of": AS_OF, "currency": "EUR", "read": said}
        job = Job.model_validate({**fields, "file": folder / "job.yaml"})
        report = attempt(job, folder / "out")
        if isinstance(report, KalibError):
            assert str(report).strip()
            assert report.exit_code == 2
            assert not (folder / "out").exists()
            return report
        table = pq.read_table(folder / "out" / "tables" / "customers.parquet").to_pylist()
        aside = pq.read_metadata(folder / "out" / "tables" / "set_aside.parquet").num_rows
        assert report.rows_read == report.rows_used + report.rows_set_aside
        assert aside == report.rows_set_aside
        counted = [issue["count"] for issue in report.issues if issue["action"] == "set_aside"]
        assert sum(counted) == report.rows_set_aside
        return report, {
            line["customer_id"]: Figures(
                line["net_sales"], line["orders"], line["first_order_date"], line["last_order_date"]
            )
            for line in table
        }


def same(got: dict[str, Figures], wanted: dict[str, Figures]) -> bool:
    """Say whether customers have the same figures, to the cent."""
    return {name: (float(known.net_sales), *known[1:]) for name, known in got.items()} == {
        name: (float(known.net_sales), *known[1:]) for name, known in wanted.items()
    }


def flip(content: bytes, dice: random.Random) -> bytes:
    """Change a few bytes."""
    changed = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        if changed:
            changed[dice.randrange(len(changed))] = dice.choice((0, 10, 13, 34, 39, 44, 59, 255, dice.randrange(256)))
    return bytes(changed)


def cut(content: bytes, dice: random.Random) -> bytes:
    """Leave out the end, or a part of the middle."""
    start = dice.randrange(len(content) + 1)
    return content[:start] + (b"" if dice.random() < 0.5 else content[start + dice.randint(1, 20) :])


def splice(content: bytes, dice: random.Random) -> bytes:
    """Put a piece of the file in another place of it."""
    start, place = dice.randrange(len(content) + 1), dice.randrange(len(content) + 1)
    return content[:place] + content[start : start + dice.randint(1, 60)] + content[place:]


def insert(content: bytes, dice: random.Random) -> bytes:
    """Put something nasty anywhere."""
    place = dice.randrange(len(content) + 1)
    return content[:place] + dice.choice(NASTY).encode(dice.choice(("utf-8", "utf-16-le", "gb18030"))) + content[place:]


def shuffle_columns(content: bytes, dice: random.Random) -> bytes:
    """Exchange the cells of one line."""
    lines = content.split(b"\n")
    at = dice.randrange(len(lines))
    cells = lines[at].split(b",")
    dice.shuffle(cells)
    return b"\n".join([*lines[:at], b",".join(cells), *lines[at + 1 :]])


def reencode(content: bytes, dice: random.Random) -> bytes:
    """Write the rest of the file in another encoding."""
    place = dice.randrange(len(content) + 1)
    rest = content[place:].decode("latin-1") + dice.choice(("", "Müller", "客户"))
    return content[:place] + rest.encode(dice.choice(("utf-16-le", "gb18030", "cp1252", "utf-8", "utf-7")), "replace")


DAMAGE = (flip, cut, splice, insert, shuffle_columns, reencode)


def damaged(content: bytes, seed: int) -> bytes:
    """Return a file after one to three blows."""
    dice = random.Random(seed)
    for _ in range(dice.randint(1, 3)):
        content = dice.choice(DAMAGE)(content, dice)
    return content


def as_parquet(lines: list[Row]) -> bytes:
    """Return rows as a Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(pa.table({name: [line[at] for line in lines] for at, name in enumerate(HEADER)}), buffer)
    return buffer.getvalue()


def as_zip(lines: list[Row]) -> bytes:
    """Return rows as a zipped CSV file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("in.csv"), text(lines))
    return buffer.getvalue()


PACKED: dict[str, Callable[[list[Row]], bytes]] = {
    "orders.parquet": as_parquet,
    "orders.zip": as_zip,
    "orders.csv.gz": lambda lines: gzip.compress(text(lines).encode(), mtime=0),
    "orders.xlsx": lambda lines: sheets({"Orders": [HEADER, *lines]}),
}


@examples(0.5)
@given(
    rows,
    st.integers(0, 2**32),
    st.sampled_from(DELIMITERS),
    st.sampled_from(ENCODINGS),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_damaged_text_is_refused_or_adds_up(
    lines: list[Row], seed: int, delimiter: str, encoding: str, end: str
) -> None:
    read(damaged(text(lines, delimiter=delimiter, end=end).encode(encoding), seed), "orders.csv")


@examples(0.1)
@given(rows, st.integers(0, 2**32), st.sampled_from(sorted(PACKED)))
def test_damaged_packages_are_refused_or_add_up(lines: list[Row], seed: int, name: str) -> None:
    read(damaged(PACKED[name](lines), seed), name)


@examples(0.2)
@given(
    rows,
    st.sampled_from(["order", "day", "amount"]),
    st.one_of(st.sampled_from(NASTY), st.text(max_size=20)),
    st.integers(0, 12),
)
def test_a_nasty_cell_changes_no_other_customer(lines: list[Row], column: str, cell: str, place: int) -> None:
    nasty = Row("ZZ", "99", "2025-06-01", "5.00")._replace(**{column: cell})
    found = read(text([*lines[:place], nasty, *lines[place:]]).encode("utf-8", "replace"), "orders.csv")
    if isinstance(found, tuple):
        customers = {name: known for name, known in found[1].items() if name != "ZZ"}
        assert same(customers, figures(lines)), found[0].issues


@examples(0.05)
@given(rows, st.one_of(st.sampled_from(NASTY), st.text(max_size=20)), st.integers(0, 12))
def test_a_nasty_name_loses_no_money(lines: list[Row], name: str, place: int) -> None:
    nasty = Row(name, "99", "2025-06-01", "5.00")
    found = read(text([*lines[:place], nasty, *lines[place:]]).encode("utf-8", "replace"), "orders.csv")
    if isinstance(found, tuple):
        report, customers = found
        got = sum(round(float(known.net_sales) * 100) for known in customers.values())
        wanted = sum(round(float(line.amount) * 100) for line in lines)
        assert got == wanted + (500 if report.rows_set_aside == 0 else 0), report.issues


def grouped(amount: str) -> str:
    """Return a number with thousands separators."""
    return f"{float(amount):,.2f}"


FULL_WIDTH = str.maketrans("0123456789.-", "０１２３４５６７８９．-")
BENIGN: dict[str, Callable[[list[Row], random.Random], tuple[bytes, dict[str, object]]]] = {
    "other delimiter": lambda lines, dice: (text(lines, delimiter=dice.choice(DELIMITERS)).encode(), {}),
    "all quoted": lambda lines, dice: (
        text(lines, quoting=csv.QUOTE_ALL, delimiter=dice.choice(DELIMITERS)).encode(),
        {},
    ),
    "other encoding": lambda lines, dice: (text(lines).encode(dice.choice(ENCODINGS)), {}),
    "other line ends": lambda lines, dice: (text(lines, end=dice.choice(["\r\n", "\r"])).encode(), {}),
    "blank lines": lambda lines, dice: (("\n" + text(lines, end="\n" * dice.randint(1, 3)) + "\n").encode(), {}),
    "thousands": lambda lines, dice: (
        text([line._replace(amount=grouped(line.amount)) for line in lines]).encode(),
        {"decimal": "."},
    ),
    "full width": lambda lines, dice: (
        text([line._replace(amount=line.amount.translate(FULL_WIDTH)) for line in lines]).encode(),
        {},
    ),
    "decimal comma": lambda lines, dice: (
        text([line._replace(amount=line.amount.replace(".", ",")) for line in lines], delimiter=";").encode(),
        {"decimal": ","},
    ),
    "declared dates": lambda lines, dice: (
        text([line._replace(day=dt.date.fromisoformat(line.day).strftime("%d/%m/%Y")) for line in lines]).encode(),
        {"date_format": "%d/%m/%Y"},
    ),
    "Chinese dates": lambda lines, dice: (
        text([line._replace(day="{}年{}月{}日".format(*line.day.split("-"))) for line in lines]).encode("gb18030"),
        {"encoding": "gb18030"},  # three signs in a short file are no evidence
    ),
    "preamble": lambda lines, dice: (("Orders of 2025\n\n" + text(lines)).encode(), {}),
    "gzip": lambda lines, dice: (gzip.compress(text(lines).encode(), mtime=0), {"named": "orders.csv.gz"}),
    "zip": lambda lines, dice: (as_zip(lines), {"named": "orders.zip"}),
    "parquet": lambda lines, dice: (as_parquet(lines), {"named": "orders.parquet"}),
    "excel": lambda lines, dice: (sheets({"Orders": [HEADER, *lines]}), {"named": "orders.xlsx"}),
}


@examples(0.15)
@given(rows, st.sampled_from(sorted(BENIGN)), st.integers(0, 2**32))
def test_honest_respelling_changes_nothing(lines: list[Row], how: str, seed: int) -> None:
    dice = random.Random(seed)
    shuffled = dice.sample(lines, len(lines))
    content, said = BENIGN[how](shuffled, dice)
    found = read(content, str(said.pop("named", "orders.csv")), **said)
    if all(Decimal(line.amount) <= 0 for line in lines):  # returns and gifts only: a refusal is honest
        return
    assert isinstance(found, tuple), str(found)
    report, customers = found
    assert report.rows_set_aside == 0, report.issues
    assert same(customers, figures(lines))
