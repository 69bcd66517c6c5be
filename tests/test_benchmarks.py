"""Do the benchmarks run, and are the figures of both sides the same? At a tiny size, without other packages."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    for name in ("job", "ledger", "make_log", "measure", "peers", "purchase", "tree"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Give a module of the plain script, and leave no trace of it: another one has the same name."""
    monkeypatch.syspath_prepend(str(BENCHMARKS / "plain"))

    def load(name: str) -> ModuleType:
        monkeypatch.delitem(sys.modules, name, raising=False)
        return importlib.import_module(name)

    yield load
    for name in [name for name, module in sys.modules.items() if str(BENCHMARKS / "plain") in str(getattr(module, "__file__", ""))]:  # fmt: skip
        sys.modules.pop(name)


def test_the_log_is_the_same_each_time_and_realistic(scripts: None, tmp_path: Path) -> None:
    from make_log import DAYS, log_query, make_log

    path = make_log(tmp_path, 20_000, 800)
    with duckdb.connect() as con:
        rows = con.execute(
            "SELECT count(*), count(DISTINCT customer_id), count(DISTINCT order_id), count(*) FILTER (amount < 0), "
            f"count(*) FILTER ((amount < 0) <> starts_with(order_id, 'R')), max(order_date) - min(order_date) FROM '{path}'"
        ).fetchone()
        assert rows[:3] == (20_000, 800, 4_000)
        assert 100 < rows[3] < 600  # nearly two in a hundred; none among the first thousand orders
        assert rows[4] == 0
        assert rows[5] == DAYS - 1
        split = con.execute(f"SELECT order_id FROM '{path}' GROUP BY order_id HAVING count(DISTINCT order_date) > 1")
        assert not split.fetchall()  # the floor's SQL for order days leans on it
        con.execute("SET threads = 1")
        anew = f"(SELECT count(*) FROM (FROM '{path}' EXCEPT ALL ({log_query(20_000, 800)})))"
        assert con.execute(f"SELECT {anew}").fetchone() == (0,)


def test_a_log_has_a_multiple_of_fifty_lines(scripts: None) -> None:
    from make_log import log_query

    with pytest.raises(ValueError, match="multiple of 50 and ten times the customers; got 1001 and 10"):
        log_query(1001, 10)


@pytest.mark.run
def test_both_sides_find_the_same_figures(scripts: None, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    import ledger

    ledger.main([str(tmp_path), "--size", "tiny", "--repetitions", "1", "--groups", "sql", "csv", "--results", str(tmp_path / "results.md")])  # fmt: skip
    said = (tmp_path / "results.md").read_text(encoding="utf-8")
    for what in ("table of order days", "six snapshots", "judging a CSV"):
        assert f"| {what}" in said
    assert "ours: judge" in capsys.readouterr().out


def test_a_figure_that_differs_is_told(scripts: None, tmp_path: Path) -> None:
    import ledger

    for name, money in (("a", 10.0), ("b", 10.01)):
        duckdb.sql(
            f"COPY (SELECT 'x' AS customer_id, {money} AS net_sales) TO '{tmp_path / name}.parquet' (FORMAT parquet)"
        )
    with pytest.raises(AssertionError, match=r"a\.parquet and b\.parquet differ in \{'net_sales': 1\} of 1 rows"):
        ledger.compare(tmp_path / "a.parquet", tmp_path / "b.parquet", ["customer_id"], ["net_sales"], {})


def test_a_side_that_fails_says_why(scripts: None) -> None:
    import measure

    with pytest.raises(RuntimeError, match=r"ended with 1:\n(.|\n)*no such thing"):
        measure.run([sys.executable, "-c", "raise SystemExit('no such thing')"])
    cost = measure.run([sys.executable, "-c", "sum(range(3_000_000)); print(0.5)"])
    assert cost.work == 0.5
    assert cost.whole > 0.01
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # a child begins with the peak of its parent
    assert 0.001 < cost.memory < own + 1


def test_a_script_writes_its_table_in_the_place_of_its_earlier_one(scripts: None, tmp_path: Path) -> None:
    import measure

    results = tmp_path / "results.md"
    results.write_text("# By hand\n", encoding="utf-8")
    for name, table in (("job", "| 1 |"), ("tiers", "| 2 |"), ("job", "| 3 |")):
        measure.write_part(results, name, table)
    text = "# By hand\n\n<!-- job.py -->\n| 3 |\n<!-- /job.py -->\n\n<!-- tiers.py -->\n| 2 |\n<!-- /tiers.py -->\n"
    assert results.read_text(encoding="utf-8") == text


@pytest.mark.run
def test_purchase_models_scored_from_a_file_need_no_more_memory(scripts: None, tmp_path: Path) -> None:
    import purchase

    results = tmp_path / "results.md"
    purchase.main([str(tmp_path), "--size", "tiny", "--groups", "memory", "--repetitions", "1", "--results", str(results)])  # fmt: skip
    assert "| scoring, peak memory of four times the customers |" in results.read_text(encoding="utf-8")
    with duckdb.connect() as con:
        scored = con.execute(
            f"SELECT count(*), count(DISTINCT customer_id), min(p_alive), max(p_alive) FROM read_parquet('{tmp_path / 'purchase-1.out'}')"
        ).fetchone()
    assert scored[:2] == (4_000, 4_000)
    assert 0 <= scored[2] < scored[3] == 1


def test_a_fit_of_lower_likelihood_is_told(scripts: None, tmp_path: Path) -> None:
    import purchase

    histories = purchase.make_histories(tmp_path, 2_000)
    purchase.fit(histories, tmp_path / "best.json")
    (tmp_path / "true.json").write_text(json.dumps(purchase.TRUE), encoding="utf-8")
    short = purchase.compare_fits(histories, tmp_path / "best.json", tmp_path / "true.json")
    assert 0 < short < 15  # twice this is chi-squared with four degrees of freedom
    with pytest.raises(AssertionError, match=r"best\.json has the higher log-likelihood"):
        purchase.compare_fits(histories, tmp_path / "true.json", tmp_path / "best.json")


def test_a_ratio_is_held_to_its_limit(scripts: None) -> None:
    import measure
    import purchase

    fast, slow = [measure.Cost(1, 1.0, 0.5)] * 3, [measure.Cost(40, 30.0, 0.6)] * 3
    assert purchase.compare("it", fast, slow, 25)[1:] == ("30.00", "30.00 to 30.00", "3", "≥ 25", "yes")
    assert purchase.compare("it", fast, slow, 31)[-1] == "**no**"
    assert purchase.compare("it", fast, slow, 1.1, figure="memory")[1:] == ("1.20", "1.20 to 1.20", "3", "≤ 1.1", "**no**")  # fmt: skip


def test_the_plain_script_finds_the_same_ledger(
    plain: Callable[[str], ModuleType], shipped: Callable[[str], Path], tmp_path: Path
) -> None:
    made = plain("ledger")
    day = dt.date(2026, 6, 30)
    tables = made.tables(made.load(BENCHMARKS.parent / "data" / "wholesale", day), day)
    for name, table in tables.items():
        table.to_parquet(tmp_path / f"{name}.parquet")
    found = plain("compare").compare(tmp_path, shipped("wholesale") / "tables")
    found = found[found["table"].isin(tables)]
    assert set(found["table"]) == {"customers", "order_days", "months", "mix", "set_aside", "quality"}
    assert found["compared"].all()
    assert len(found) >= 100
    assert not found["rows_off"].any(), found[found["rows_off"] > 0].to_string()


def test_a_column_that_differs_from_the_plain_script_is_told(
    plain: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    import pandas as pd

    ours = pd.DataFrame({"customer_id": ["a", "b"], "share": [0.123456, 0.5], "net_sales": [10.01, 2.5], "reasons": [[{"code": "x", "effect": 1.0}], None], "more": [1, 2]})  # fmt: skip
    other = ours.drop(columns="more").assign(share=[0.1234564, 0.6], net_sales=[10.014, 2.51], reasons=[[{"code": "x", "effect": 1.1}], None])  # fmt: skip
    for name, table in (("ours", ours), ("plain", other.iloc[::-1])):
        (tmp_path / name).mkdir()
        table.to_parquet(tmp_path / name / "value.parquet")
    found = plain("compare").compare(tmp_path / "plain", tmp_path / "ours").set_index("column")
    assert found["rows_off"].to_dict() == {"customer_id": 0, "share": 1, "net_sales": 1, "reasons": 1, "more": 0}
    assert found.index[~found["compared"]].tolist() == ["more"]


def test_every_process_of_a_run_is_counted(scripts: None) -> None:
    import tree

    burn = "import time; end = time.process_time() + 0.4\nwhile time.process_time() < end: pass"
    deserted = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {burn!r}], start_new_session=True)"
    cost = tree.run([sys.executable, "-c", deserted])  # its parent does not wait for it
    assert 0.4 < cost.seconds < 4
    assert sum(step.seconds for step in cost.steps.values()) == pytest.approx(cost.seconds)
    with pytest.raises(RuntimeError, match=r"ended with 1:\n(.|\n)*no such thing"):
        tree.run([sys.executable, "-c", "raise SystemExit('no such thing')"])


def test_the_small_log_is_drawn_from_the_sample(scripts: None, tmp_path: Path) -> None:
    import job

    from kalib.settings import read_job

    file = job.write_small(tmp_path)
    assert read_job(file, {}).source == ["small.parquet"]
    with duckdb.connect() as con:
        counts = f"SELECT count(*), count(DISTINCT customer_id) FROM '{tmp_path / 'small.parquet'}'"
        assert con.execute(counts).fetchone() == (2_823, 92)


def test_targets_of_the_whole_job_are_held(scripts: None) -> None:
    import job
    from tree import Step, Tree

    def cost(seconds: float, step: float) -> Tree:
        return Tree(seconds, 120.0, 2.0, 1.0, {1: Step("ledger", step, 1.5), 2: Step("50_churn", 1.0, 0.5)})

    rows = [job.Row("plain script", ()), job.Row("it", (), seconds=50, ratio=1.5), job.Row("5m: it", (), memory=1)]
    costs = {
        "plain script": [cost(30, 0)],
        "it": [cost(48, 10)],
        "5m: it": [cost(100, 20)],
        "50m: it": [cost(2000, 400)],
    }
    said = job.write_table(rows, costs)
    assert "| it | 48.0 | 120.0 | 2.00 | 1.60 (1.60 to 1.60) | 50 s, 1.5 times | **no** |" in said
    assert "| 5m: it | 100.0 | 120.0 | 2.00 | 3.33 (3.33 to 3.33) | 1 GiB | **no** |" in said
    assert "| ledger | 20.0 | 400.0 | 1.30 | **no** |" in job.write_exponents(costs, ["5m", "50m"])
    assert "| 50_churn | 1.0 | 1.0 | 0.00 | yes |" in job.write_exponents(costs, ["5m", "50m"])
