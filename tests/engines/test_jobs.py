"""Does a job give the same report whatever engine it names? Whole ledgers, table for table, and the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from kalib import ledger
from kalib.settings import Job
from tests.engines.conftest import COLUMNS, Shop, assert_same
from tests.engines.servers import PASSWORD, QUOTED
from tests.engines.test_figures import SAMPLE

OWN = ("file", "line", "value")
"""A database has no lines, its own name, and moments where a file has text."""


def assert_same_ledger(found: Path, wanted: Path) -> None:
    """Hold two built ledgers to be the same, but for the names of what they were read from."""
    for folder in ("tables", "ledger"):
        names = sorted(path.name for path in (wanted / folder).iterdir())
        assert sorted(path.name for path in (found / folder).iterdir()) == names
        for name in names:
            one, other = (pq.read_table(root / folder / name) for root in (found, wanted))
            if name == "set_aside.parquet":
                key = [(column, "ascending") for column in ("rule", "customer_id", "order_id", "amount")]
                one, other = (table.drop_columns(list(OWN)).sort_by(key) for table in (one, other))
            assert_same(one, other, f"{folder}/{name}")
    one, other = (json.loads((root / "ledger.json").read_text()) for root in (found, wanted))
    for said in ("as_of", "rows_read", "rows_used", "rows_set_aside", "first_order_date", "sales_used", "tables"):
        assert one[said] == other[said], said
    assert [(issue["rule"], issue["count"], issue["amount"]) for issue in one["issues"]] == [
        (issue["rule"], issue["count"], issue["amount"]) for issue in other["issues"]
    ]


@pytest.mark.deep
@pytest.mark.parametrize("engine", ["postgres", "pyspark"])
def test_the_sample_is_the_same_on_every_engine(
    wholesale: Shop, request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    """The embedded engine reads the file cell by cell, through the other door."""
    spark_url = request.getfixturevalue("spark_url") if engine == "pyspark" else ""
    settings = {"columns": SAMPLE, "read": {"discount": "share"}, "as_of": "2026-06-30", "currency": "CNY"}
    ledger.build(wholesale.job("wholesale", "file", **settings), tmp_path / "file")
    ledger.build(wholesale.job("wholesale", engine, spark_url, **settings), tmp_path / engine)
    assert_same_ledger(tmp_path / engine, tmp_path / "file")


@pytest.mark.run
@pytest.mark.parametrize("engine", ["postgres", "pyspark"])
def test_a_nasty_log_is_the_same_on_every_engine(
    nasty: Shop, request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    spark_url = request.getfixturevalue("spark_url") if engine == "pyspark" else ""
    settings = {"columns": COLUMNS, "timezone": "Asia/Shanghai", "as_of": "2025-01-31"}
    ledger.build(nasty.job("nasty", "file", **settings), tmp_path / "file")
    ledger.build(nasty.job("nasty", engine, spark_url, **settings), tmp_path / engine)
    assert_same_ledger(tmp_path / engine, tmp_path / "file")


@pytest.mark.deep
def test_a_query_is_a_source(wholesale: Shop, tmp_path: Path) -> None:
    query = "SELECT * FROM wholesale WHERE order_date >= DATE '2026-01-01'"
    place = {"source": wholesale.postgres_url, "query": query}
    job = Job.model_validate(
        {"job": "q", "file": wholesale.folder / "job.yaml", "columns": SAMPLE, "read": {"discount": "share"}, **place}
    )
    report = ledger.build(job, tmp_path / "query")
    dates = pq.read_table(wholesale.folder / "wholesale.parquet")["order_date"].to_pylist()
    assert report.rows_read == sum(date.year == 2026 for date in dates)


@pytest.mark.run
def test_the_command_line_tells_no_secret(wholesale: Shop, tmp_path: Path) -> None:
    """Password in the environment or in the URL: in no output, no table, no file."""
    settings = {
        "job": "secret",
        "source": wholesale.postgres_url.replace(QUOTED, "${SHOP_PASSWORD}"),
        "table": "wholesale",
        "columns": SAMPLE,
        "read": {"discount": "share"},
        "as_of": "2026-06-30",
    }
    file = tmp_path / "job.yaml"
    file.write_text(yaml.safe_dump(settings))
    command = [sys.executable, "-m", "kalib", "check", str(file), "--json", "--tables", str(tmp_path / "out")]
    for password, code in ((PASSWORD, 0), ("hunter2", 2)):
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "SHOP_PASSWORD": password}, timeout=300
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        for secret in (PASSWORD, QUOTED, "hunter2"):
            assert secret not in done.stdout + done.stderr
            for path in tmp_path.rglob("*"):
                assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    assert "password authentication failed" in done.stderr + done.stdout
