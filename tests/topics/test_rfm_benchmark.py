"""Does the benchmark of scoring run, hold both sides to each other, and leave the rest of the results alone?"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "rfm.py"


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_of_rfm", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_both_sides_score_alike_and_the_table_takes_its_place(script: ModuleType, tmp_path: Path) -> None:
    results = tmp_path / "results.md"
    results.write_text("# What the ledger costs\n\n| a |\n", encoding="utf-8")
    for customers in (3_000, 2_000):  # the second takes the first one's place
        script.main(["--customers", str(customers), "--repetitions", "1", "--results", str(results)])
    text = results.read_text(encoding="utf-8")
    assert text.startswith("# What the ledger costs\n\n| a |\n")
    assert text.count("# What scoring costs") == 1
    assert "2,000 customers" in text
    assert "numpy: partition and searchsorted" in text


def test_scores_that_differ_are_told(script: ModuleType) -> None:
    customers = script.make_customers(500)
    columns = [customers[name].to_numpy(float) for name in ("days_since_last_order", "orders", "net_sales")]
    script.check_scores(customers, columns)
    with pytest.raises(AssertionError, match="m_score differs"):
        script.check_scores(customers, [*columns[:2], columns[2][::-1].copy()])
