"""Is a database named without telling its secrets? URLs, what they may hold, and what is said when nobody answers."""

from __future__ import annotations

import socket

import pytest

from kalib.errors import DataError, SettingsError
from kalib.ledger import engines
from kalib.ledger.address import fill_in, is_url, read_address

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "engine", "shown"),
    [
        ("postgres://ann:hunter2@db.example.com/shop", "postgres", "postgres://db.example.com:5432/shop"),
        ("postgresql://ann:hunter2@db:6432/shop?sslmode=require", "postgres", "postgresql://db:6432/shop"),
        ("postgres://ann:hunter2@db", "postgres", "postgres://db:5432/ann"),
        ("spark://head:7077?spark.executor.memory=4g", "pyspark", "spark://head:7077"),
        ("spark://local[2]", "pyspark", "spark://local[2]"),
        ("spark://local[*]?spark.driver.memory=4g", "pyspark", "spark://local[*]"),
        ("spark://local", "pyspark", "spark://local"),
        ("duckdb:///data/shop.duckdb", "duckdb", "duckdb:///data/shop.duckdb"),
        ("mysql://ann:hunter2@db:3306/shop", "mysql", "mysql://db:3306"),
    ],
)
def test_urls(url: str, engine: str, shown: str) -> None:
    address = read_address(url)
    assert (address.engine, address.shown) == (engine, shown)
    assert SECRET not in repr(address)


def test_a_password_with_every_sign() -> None:
    address = read_address("postgres://ann:s3cret%3Apa%2Fss%40word@db/shop")
    assert (address.user, address.password) == ("ann", "s3cret:pa/ss@word")


def test_variables_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "p@ss/w:rd")
    monkeypatch.setenv("SHOP_URL", "postgres://ann:hunter2@db/shop")
    assert read_address("postgres://ann:${SHOP_PASSWORD}@db/shop").password == "p@ss/w:rd"
    assert fill_in("${SHOP_URL}") == "postgres://ann:hunter2@db/shop"
    assert is_url("${SHOP_URL}")
    assert not is_url("data/${SHOP}.csv")
    with pytest.raises(SettingsError, match="the environment has no variable SHOP_KEY"):
        read_address("postgres://ann:${SHOP_KEY}@db/shop")


@pytest.mark.parametrize(
    "url",
    ["postgres://ann:hunter2/x@db/shop", "postgres://ann:hun:ter2@db:port/shop", "postgres://[ann:hunter2@db/shop"],
)
def test_a_url_that_cannot_be_read_is_not_shown(url: str) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read.*%2F") as refused:
        read_address(url)
    assert "hun" not in str(refused.value)


def test_a_cluster_has_a_port() -> None:
    with pytest.raises(SettingsError, match="host and port, as in `spark://host:7077`"):
        read_address("spark://head")


def test_nobody_answers() -> None:
    pytest.importorskip("psycopg", reason="needs psycopg: pip install 'kalib[postgres]'")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(DataError, match=f"postgres://127.0.0.1:{port}/shop: nothing listens there") as refused:
        engines.connect(f"postgres://ann:{SECRET}@127.0.0.1:{port}/shop")
    assert refused.value.rule == "engine_unreachable"
    assert SECRET not in str(refused.value)


def test_no_such_host() -> None:
    pytest.importorskip("psycopg", reason="needs psycopg: pip install 'kalib[postgres]'")
    with pytest.raises(DataError, match=r"there is no host nowhere\.invalid to be found"):
        engines.connect(f"postgres://ann:{SECRET}@nowhere.invalid/shop")


@pytest.mark.parametrize(
    ("url", "module", "extra"),
    [("postgres://ann@db/shop", "psycopg", "kalib[postgres]"), ("spark://head:7077", "pyspark", "kalib[spark]")],
)
def test_a_driver_that_is_missing(monkeypatch: pytest.MonkeyPatch, url: str, module: str, extra: str) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with pytest.raises(SettingsError) as refused:
        engines.connect(url)
    assert f"needs {module}, which is not installed: pip install '{extra}'" in str(refused.value)


def test_a_database_file_that_is_not_there(tmp_path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        engines.connect(f"duckdb://{tmp_path}/none.duckdb")
    (tmp_path / "text.duckdb").write_text("no database")
    with pytest.raises(DataError, match="the file cannot be opened"):
        engines.connect(f"duckdb://{tmp_path}/text.duckdb")


def test_an_engine_that_ibis_does_not_know() -> None:
    with pytest.raises(SettingsError, match=r"cannot connect to this one") as refused:
        engines.connect(f"frobnicate://ann:{SECRET}@db/shop")
    assert SECRET not in str(refused.value)
