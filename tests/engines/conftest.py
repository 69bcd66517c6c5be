"""The same orders on three engines: an embedded one, a PostgreSQL server and a Spark cluster, each started once."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote, urlsplit

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kalib.ledger import engines
from kalib.ledger.goods import PRICE
from kalib.settings import Job
from tests.engines.servers import run_postgres, run_spark

WHOLESALE = Path(__file__).parents[2] / "data" / "wholesale" / "orders.parquet"
SMALL = "?spark.executor.memory=900m&spark.sql.shuffle.partitions=4&spark.driver.memory=1g"
_TYPES = {
    "VARCHAR": "text",
    "DOUBLE": "double precision",
    "FLOAT": "real",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "TINYINT": "smallint",
    "HUGEINT": "numeric",
}


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    if "KALIB_POSTGRES" in os.environ:  # a server that is up already
        yield os.environ["KALIB_POSTGRES"]
        return
    folder = Path(tempfile.mkdtemp(prefix="kalib-postgres-"))  # pytest's own folders are closed to other accounts
    try:
        with run_postgres(folder) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def spark_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if "KALIB_SPARK" in os.environ:
        yield os.environ["KALIB_SPARK"] + SMALL
        return
    with run_spark(tmp_path_factory.mktemp("spark")) as url:
        yield url + SMALL


@pytest.fixture(scope="module")  # a job on Spark stops the session it shares
def spark(spark_url: str) -> Iterator[engines.Backend]:
    connection = engines.connect(spark_url)
    yield connection
    connection.disconnect()


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[engines.Backend]:
    connection = engines.connect(postgres_url)
    yield connection
    connection.disconnect()


@pytest.fixture
def embedded() -> Iterator[engines.Backend]:
    connection = engines.connect()
    yield connection
    connection.disconnect()


@dataclass(frozen=True)
class Shop:
    """The same table in a Parquet file, in the PostgreSQL server and in a DuckDB file."""

    folder: Path
    postgres_url: str

    def store(self, table: pa.Table, name: str) -> None:
        """Put a table in all three places."""
        pq.write_table(table, self.folder / f"{name}.parquet")
        with duckdb.connect(str(self.folder / "shop.duckdb")) as con:
            con.execute("SET TimeZone = 'UTC'")
            con.execute(f"CREATE OR REPLACE TABLE {name} AS FROM read_parquet('{self.folder / name}.parquet')")
            columns = {row[0]: row[1] for row in con.execute(f"DESCRIBE {name}").fetchall()}
            con.execute(f"COPY {name} TO '{self.folder / name}.csv' (HEADER false, FORCE_QUOTE *, NULLSTR 'NULL')")
        self.execute(f"DROP TABLE IF EXISTS {name} CASCADE")
        quoted = {column: '"' + column.replace('"', '""') + '"' for column in columns}
        described = ", ".join(f"{quoted[column]} {_TYPES.get(kind, kind.lower())}" for column, kind in columns.items())
        self.execute(f"CREATE TABLE {name} ({described})")
        with self.connect() as con, con.cursor() as cursor:
            unquoted = ", ".join(quoted.values())
            with cursor.copy(f"COPY {name} FROM STDIN (FORMAT csv, NULL 'NULL', FORCE_NULL ({unquoted}))") as copy:
                copy.write((self.folder / f"{name}.csv").read_bytes())

    def connect(self):
        """Connect to the server as its owner, who may write."""
        import psycopg

        parts = urlsplit(self.postgres_url)
        return psycopg.connect(
            host=parts.hostname,
            port=parts.port,
            user=parts.username,
            password=unquote(parts.password),
            dbname=parts.path[1:],
            autocommit=True,
        )

    def execute(self, query: str) -> None:
        with self.connect() as con:
            con.execute(query)

    def job(self, name: str, engine: str, spark_url: str = "", **settings: object) -> Job:
        """Return a job that reads a table from an engine."""
        place = {
            "duckdb": {"source": f"duckdb://{self.folder / 'shop.duckdb'}", "table": name},
            "postgres": {"source": self.postgres_url, "table": name},
            "pyspark": {"source": f"{name}.parquet", "engine": spark_url},
            "file": {"source": f"{name}.parquet"},
        }[engine]
        return Job.model_validate({"job": "shop", "file": self.folder / "job.yaml", **place, **settings})


@pytest.fixture(scope="session")
def shop(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"), postgres_url)


def make_nasty() -> pa.Table:
    """Make a small log of all that engines disagree on when left alone."""
    rows: list[tuple] = []

    def add(customer, order, moment, amount, *, quantity=1.0, cost=None, product="p", category="c", due=None) -> None:
        when = None if moment is None else dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)
        cents = None if amount is None else Decimal(amount)
        rows.append(
            (
                customer,
                order,
                when,
                cents,
                None if amount is None else float(amount),
                quantity,
                cost,
                product,
                category,
                due,
            )
        )

    add("cents", "1", "2024-01-05 10:00", "100000000000000.00")
    for n in range(7):
        add("cents", f"{2 + n}", f"2024-0{2 + n}-05 10:00", "0.01")
    add("cents", "9", "2024-11-05 10:00", "-100000000000000.00", quantity=-1.0)
    for n in range(10):
        add("tenths", f"t{n}", "2024-03-01 12:00", "0.10")
    add("refund", "r1", "2024-04-01 12:00", "-25.50", quantity=-1.0)
    add("refund", "r2", "2024-04-02 12:00", "-0.01", quantity=-1.0)
    add("cancelled", "k1", "2024-05-01 12:00", "80.00", quantity=4.0)
    add("cancelled", "Ck1", "2024-05-03 12:00", "-80.00", quantity=-4.0)
    add("cancelled", "k2", "2024-06-01 12:00", "19.99")
    for customer in ("ann", "Ann", "ANN", "änne", "anne", "an-ne", "an ne", "Zoë", "zoe", "_x", "1", "10", "9", "01"):
        add(customer, "same", "2024-06-30 09:00", "10.00", product=customer, category=None)
        add(customer, "same", "2024-07-02 09:00", "2.345", product=None, category="")
    for customer in ("客户一", "客户二", "客戶一", "𠮷野家", "ｈａｌｆ", "café", "cafe\u0301", "🛒"):
        add(customer, f"单{customer}", "2024-07-15 09:00", "88.88", product="茶", category="饮料")
    add(" padded ", " o1 ", "2024-08-01 09:00", "1.00")
    add("\u3000padded\u00a0", "o2", "2024-08-02 09:00", "1.00")
    add("12340.0", "536365.0", "2024-08-03 09:00", "3.00")
    add("12340", "536366", "2024-08-04 09:00", "3.00")
    add("00123", "007", "2024-08-05 09:00", "3.00")
    add('="00123"', "008", "2024-08-05 10:00", "3.00")
    add("'00123", "009", "2024-08-05 11:00", "3.00")
    add("１２３Ａ", "０１０", "2024-08-05 12:00", "3.00")
    add('it\'s "quoted", a\\b', "x;y\nz", "2024-08-06 12:00", "4.00", product="line\r\nbreak", category="tab\there")
    for customer in (None, "", "  ", "\u3000", "-", "—"):
        add(customer, "n1", "2024-08-07 12:00", "5.00")
    add("nulls", None, "2024-08-08 12:00", "6.00", product=None, category=None, cost=None)
    add("nulls", "", "2024-08-08 13:00", "6.50", cost=2.25)
    add("nulls", "n3", None, "7.00")
    add("nulls", "n4", "2024-08-09 12:00", None)
    for moment in ("1969-12-31 23:30", "1900-01-01 00:30", "1800-06-01 12:00", "2199-12-31 23:59", "2150-05-05 05:05"):
        add("edges", "e" + moment[:4], moment, "9.00")
    for hour in ("15:59:59", "16:00:00", "16:00:01", "23:59:59.999999"):  # midnight in Shanghai
        add("zones", "z" + hour, f"2024-12-31 {hour}", "11.00")
    for moment in ("2024-03-31 00:59", "2024-03-31 01:00", "2024-10-27 00:30", "2024-10-27 01:30", "2024-06-30 23:00"):
        add("london", "l" + moment, moment, "12.00", due=dt.date(2024, 11, 11))
    for amount in (
        "0.005",
        "0.015",
        "-0.005",
        "1.005",
        "2.675",
        "1234567.125",
        "0.0000000001",
        "12345678.9",
        "98765432.1",
    ):
        add("halves", f"h{amount}", "2024-09-09 09:00", amount)
    for n in (float("nan"), float("inf"), float("-inf"), 1e300, -1e19, 0.1 + 0.2, 1e15, 2.5e-5):
        add("floats", f"f{n}", "2024-09-10 09:00", "1.00", cost=n, quantity=n)
    for _ in range(2):
        add("twice", "w", "2024-09-11 09:00", "1.50")
    names = ["Customer", "order no", "moment", "amount", "money", "quantity", "cost", "product", "category", "due"]
    kinds = [pa.string(), pa.string(), pa.timestamp("us", "UTC"), pa.decimal128(30, 10), pa.float64(), pa.float64(), pa.float64(),
             pa.string(), pa.string(), pa.date32()]  # fmt: skip
    columns = [pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
    return pa.table(columns, names=names)


COLUMNS = {
    "customer_id": "Customer",
    "order_id": "order no",
    "order_date": "moment",
    "amount": "amount",
    "quantity": "quantity",
    "cost": "cost",
    "product": "product",
    "category": "category",
    "due_date": "due",
}


@pytest.fixture(scope="session")
def nasty(shop: Shop) -> Shop:
    """Give the shop with the nasty log in it."""
    shop.store(make_nasty(), "nasty")
    return shop


@pytest.fixture(scope="session")
def wholesale(shop: Shop) -> Shop:
    """Give the shop with the sample in it."""
    shop.store(pq.read_table(WHOLESALE), "wholesale")
    return shop


def read_all(expression, path: Path, by: list[str]) -> pa.Table:
    """Return a result as it is written, so that what is compared is what is published."""
    engines.write(expression, path, by=by)
    return pq.read_table(path)


def assert_same(found: pa.Table, wanted: pa.Table, name: str) -> None:
    """Hold two tables to be the same: columns, types, rows, each value to its last digit; prices against peers to twelve.

    What a message shows of a float is written as the engine writes floats: 1e+15 is 1.0E15 there.
    """
    assert found.schema.equals(wanted.schema), f"{name}: {found.schema} is not {wanted.schema}"
    assert found.num_rows == wanted.num_rows, f"{name}: {found.num_rows} rows, not {wanted.num_rows}"
    for column in wanted.column_names:
        if not found[column].equals(wanted[column]):
            pairs = zip(found[column].to_pylist(), wanted[column].to_pylist(), strict=True)
            different = [(number, pair) for number, pair in enumerate(pairs) if repr(pair[0]) != repr(pair[1])]
            if column in ("value", "bad_value"):
                different = [one for one in different if _as_float(one[1][0]) != _as_float(one[1][1])]
            if column == PRICE:  # a quotient of floats: at 16 digits engines round in other steps
                different = [one for one in different if one[1][0] != pytest.approx(one[1][1], rel=1e-12, abs=1e-6)]
            assert not different, f"{name}.{column}: {len(different)} differ, the first {different[:3]}"


def _as_float(value: str | None) -> float | str | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
