"""Do the benchmarks run, and are the figures of both sides the same? At a tiny size, without other packages."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import duckdb
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    for name in ("ledger", "make_log", "measure", "peers", "purchase"):
        monkeypatch.delitem(sys.modules, name, raising=False)


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
    for what in ("RFM columns from the log", "table of order days", "six snapshots", "judging a CSV"):
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
