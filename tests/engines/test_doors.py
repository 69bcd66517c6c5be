"""What does a database let in and out? Read only, one query, bytes for text, a refusal of one line for each mishap."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kalib.errors import DataError, MissingColumnsError, SettingsError
from kalib.ledger import engines, typed
from kalib.settings import Job
from tests.engines.conftest import COLUMNS, Shop, read_all
from tests.engines.servers import PASSWORD, QUOTED

pytestmark = pytest.mark.deep
pytest.importorskip("pyspark", reason="needs pyspark: pip install 'kalib[spark]'")
from kalib.ledger import spark as spark_engine  # noqa: E402


def open_query(shop: Shop, connection: engines.Backend, query: str, **settings: object):
    place = {"source": shop.postgres_url, "query": query, "columns": COLUMNS}
    if connection.name == "duckdb":
        place["source"] = f"duckdb://{shop.folder / 'shop.duckdb'}"
    job = Job.model_validate({"job": "shop", "file": shop.folder / "job.yaml", **place, **settings})
    return typed.parse(typed.open_table(job, connection), job)


def count(shop: Shop, table: str) -> int:
    with shop.connect() as con:
        return con.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_a_query_is_the_users_own(nasty: Shop, postgres: engines.Backend) -> None:
    query = "SELECT * FROM nasty WHERE \"Customer\" = 'tenths' -- a remark at the end;"
    assert open_query(nasty, postgres, query).count().execute() == 10
    assert (
        open_query(nasty, postgres, "WITH t AS (SELECT * FROM nasty) SELECT * FROM t LIMIT 3;").count().execute() == 3
    )


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM nasty",
        "SELECT * FROM nasty; DELETE FROM nasty",
        "SELECT 1) AS t; DELETE FROM nasty; --",
        "WITH gone AS (DELETE FROM nasty RETURNING *) SELECT * FROM gone",
        "SELECT * INTO copied FROM nasty",
        "COPY nasty TO '/tmp/stolen'",
    ],
)
def test_a_query_cannot_write(nasty: Shop, postgres: engines.Backend, query: str) -> None:
    rows = count(nasty, "nasty")
    with pytest.raises(DataError, match="`query` cannot be opened: postgres says:"):
        open_query(nasty, postgres, query)
    assert count(nasty, "nasty") == rows


def test_a_function_in_a_query_cannot_write_either(nasty: Shop, postgres: engines.Backend) -> None:
    nasty.execute(
        "CREATE OR REPLACE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM nasty; RETURN 1; END $$"
    )
    rows = count(nasty, "nasty")
    with pytest.raises(DataError, match=r"cannot execute DELETE in a read-only transaction"):
        open_query(nasty, postgres, "SELECT * FROM nasty WHERE wipe() = 1")
    with (
        pytest.raises(DataError, match=r"cannot execute DELETE in a read-only transaction"),
        engines.explained(postgres, "it"),
    ):
        engines.keep(postgres, typed._define_view(postgres, "SELECT wipe() AS n"), "wiped")
    assert count(nasty, "nasty") == rows > 0


def test_the_session_is_set_against_the_servers_settings(postgres: engines.Backend) -> None:
    with postgres.con.cursor() as cursor:
        shown = {
            name: cursor.execute(f"SHOW {name}").fetchone()[0]
            for name in ("TimeZone", "DateStyle", "extra_float_digits")
        }
    assert shown == {"TimeZone": "UTC", "DateStyle": "ISO, YMD", "extra_float_digits": "1"}


def test_a_wrong_password(postgres_url: str) -> None:
    with pytest.raises(
        DataError, match=r"did not let us in.*password authentication failed.*Check user, password"
    ) as refused:
        engines.connect(postgres_url.replace(QUOTED, "hunter2"))
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None
    with pytest.raises(DataError, match=r'database "nowhere" does not exist') as refused:
        engines.connect(postgres_url.replace("/shop", "/nowhere"))
    assert PASSWORD not in str(refused.value)
    with pytest.raises(
        SettingsError, match=r"an option of the URL is unknown to PostgreSQL\. It has sslmod;"
    ) as refused:
        engines.connect(postgres_url + "?sslmod=hunter2")
    assert "hunter2" not in str(refused.value)


def test_names_that_are_not_there(nasty: Shop, postgres: engines.Backend) -> None:
    job = nasty.job("nasy", "postgres", columns=COLUMNS)
    with pytest.raises(DataError, match="there is no table nasy; did you mean `nasty`") as refused:
        typed.open_table(job, postgres)
    assert PASSWORD not in str(refused.value)
    assert QUOTED not in str(refused.value)
    job = nasty.job("nasty", "postgres", columns={**COLUMNS, "product": "produkt"})
    with pytest.raises(MissingColumnsError, match="did you mean `product`"):
        typed.open_table(job, postgres)
    job = nasty.job("public.nasty", "postgres", columns=COLUMNS)
    assert typed.open_table(job, postgres).count().execute() == count(nasty, "nasty")


def test_text_where_dates_or_numbers_should_be(nasty: Shop, postgres: engines.Backend) -> None:
    for ours, theirs, wanted in (("order_date", "Customer", "days"), ("amount", "product", "numbers")):
        job = nasty.job("nasty", "postgres", columns={**COLUMNS, ours: theirs})
        with pytest.raises(
            DataError, match=f"`{ours}` takes {wanted}. Cast it in a query, or export it to a file"
        ) as refused:
            typed.parse(typed.open_table(job, postgres), job)
        assert refused.value.rule == "column_kind"


def test_names_never_become_sql(shop: Shop, postgres: engines.Backend, spark: engines.Backend, spark_url: str) -> None:
    strange = {"customer_id": 'c"; DROP TABLE odd; --', "order_date": "d`ay", "amount": "a'm%s{x}"}
    shop.store(
        pa.table(
            {
                strange["customer_id"]: ["x'; DROP"],
                strange["order_date"]: [dt.date(2024, 1, 5)],
                strange["amount"]: [1.5],
            }
        ),
        "odd_",
    )
    shop.execute("DROP TABLE IF EXISTS odd")
    shop.execute("CREATE TABLE odd AS SELECT 1 AS n")
    for connection in (postgres, spark):
        job = shop.job("odd_", connection.name, spark_url, columns=strange)
        row = typed.parse(typed.open_table(job, connection), job).to_pyarrow().to_pylist()[0]
        assert (row["customer_id"], row["order_date"], float(row["amount"])) == ("x'; DROP", dt.date(2024, 1, 5), 1.5)
    assert count(shop, "odd") == 1


def test_text_is_sorted_and_compared_by_its_bytes(shop: Shop, postgres: engines.Backend) -> None:
    names = ["b", "A", "a", "B", "é", "_", "10", "9"]
    shop.store(pa.table({"c": names, "d": [dt.date(2024, 1, 5)] * 8, "n": [1.0] * 8}), "sorted_")
    job = shop.job("sorted_", "postgres", columns={"customer_id": "c", "order_date": "d", "amount": "n"})
    table = engines.keep(postgres, typed.parse(typed.open_table(job, postgres), job), "kept")
    assert table.order_by("customer_id").customer_id.to_list() == sorted(names, key=str.encode)
    assert table.customer_id.min().execute() == "10"


def test_results_are_written_alike(tmp_path: Path, embedded, postgres, spark) -> None:
    """Types, missing and empty text, line ends, digits; fetched whole or in pieces."""
    rows = {
        "key": ["", "a\nb", 'say "x", ok', None, "NULL", "客", "\\N", "tab\t"],
        "count": [1, None, 3, 4, 5, 6, 7, 8],
        "money": [0.1, None, -0.0, 1e15, 2.5e-5, 3.0, 1e22, 7.07],
        "day": [dt.date(2024, 2, 29), None, *[dt.date(1950, 1, 1)] * 5, dt.date(2199, 12, 31)],
        "good": [True, False, None, True, True, False, False, True],
    }
    schema = {"key": "string", "count": "int64", "money": "float64", "day": "date", "good": "boolean"}
    found = {}
    for connection in (embedded, postgres, spark):
        table = ibis.memtable(pa.table(rows), schema=schema)
        kept = engines.keep(connection, connection.table(connection.create_view("v", table).get_name()) if connection.name == "pyspark" else table.limit(100), "rows_kept")  # fmt: skip
        found[connection.name] = read_all(kept, tmp_path / f"{connection.name}.parquet", ["key"])
        empty = read_all(kept.filter(kept["count"] > 99), tmp_path / "empty.parquet", ["key"])
        assert empty.schema == found["duckdb"].schema
        assert empty.num_rows == 0
    assert found["postgres"].equals(found["duckdb"])
    assert found["pyspark"].equals(found["duckdb"])
    assert found["duckdb"]["key"].to_pylist() == [
        *sorted((k for k in rows["key"] if k is not None), key=str.encode),
        None,
    ]


def test_spark_hands_over_in_pieces(spark: engines.Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_engine, "PIECE_ROWS", 1000)
    spark._session.range(10_500).selectExpr("cast(id as string) AS key", "id AS n").createOrReplaceTempView("numbers")
    assert engines.write(spark.table("numbers"), tmp_path / "n.parquet", by=["key"]) == 10_500
    table = pq.read_table(tmp_path / "n.parquet")
    assert sorted(table["n"].to_pylist()) == list(range(10_500))
    assert table["key"].to_pylist() == sorted(map(str, range(10_500)))


def test_a_file_that_spark_cannot_read(tmp_path: Path, spark: engines.Backend, spark_url: str) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nothing PAR1")
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    settings = {"job": "shop", "file": tmp_path / "job.yaml", "engine": spark_url, "columns": COLUMNS}
    with pytest.raises(DataError, match="cannot be opened: pyspark says") as refused:
        typed.open_table(Job.model_validate({**settings, "source": "bad.parquet"}), spark)
    assert "\n" not in str(refused.value)
    with pytest.raises(SettingsError, match="reads Parquet only"):
        typed.open_table(Job.model_validate({**settings, "source": "rows.csv"}), spark)
    with pytest.raises(DataError, match="there is no such file"):
        typed.open_table(Job.model_validate({**settings, "source": "none.parquet"}), spark)


def test_partitioned_folders_keep_their_names(tmp_path: Path, spark: engines.Backend, spark_url: str) -> None:
    for shop in ("007", "7"):
        folder = tmp_path / "log" / f"shop={shop}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"d": [dt.date(2024, 1, 5)], "n": [1.0]}), folder / "part.parquet")
    columns = {"customer_id": "shop", "order_date": "d", "amount": "n"}
    job = Job.model_validate(
        {"job": "p", "file": tmp_path / "job.yaml", "engine": spark_url, "columns": columns, "source": "log"}
    )
    assert sorted(typed.parse(typed.open_table(job, spark), job).customer_id.to_list()) == ["007", "7"]


def test_another_spark_in_the_same_process(spark: engines.Backend) -> None:
    with pytest.raises(SettingsError, match="works on another Spark already"):
        engines.connect("spark://local[1]")
    with pytest.raises(SettingsError, match=r"the option spark.sql.ansi.enabled cannot be set"):
        engines.connect("spark://local[1]?spark.sql.ansi.enabled=false")
