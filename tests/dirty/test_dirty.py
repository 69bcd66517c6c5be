"""Is no dirty file read as wrong money without a word? Every case of the corpus, through `kalib check`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from examine import examine, run, write_books
from generate import CASES, REAL, describe, write

from tests.depth import is_deep

SPOKEN = ("clean", "ids-mangled", "gzip-cut", "row-short", "header-only")
"""Cases that a real process is started for."""
DEPTHS = {0: (), 6: pytest.mark.run}
"""Of twelve cases one is quick and one more is seen by CI."""
FIRST_REAL = len(CASES) - sum(len(table.CASES) for table in REAL)
"""From here on the cases are real ones: of six one is quick, the others are seen by CI."""


def _marks(at: int) -> object:
    if at >= FIRST_REAL:
        return pytest.mark.run if at % 6 else ()
    return DEPTHS.get(at % 12, pytest.mark.deep)


@pytest.mark.parametrize("name", [pytest.param(name, marks=_marks(at)) for at, name in enumerate(CASES)])
def test_case(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (
        is_deep() or CASES[name].whole
    ):  # reading and judging; what the features make of it has tests of its own, and costs more
        monkeypatch.setattr(sys.modules["kalib.ledger.building"], "_write_tables", write_books)
    outcome, problems = examine(CASES[name], tmp_path)
    assert not problems, "\n".join([*problems, f"exit code {outcome.code}; {outcome.message[:500]}"])


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name.split("-", 1)[1] in ("clean", "row-short") else pytest.mark.deep)
        for name in CASES
        if name.split("-", 1)[1] in SPOKEN
    ],
)
def test_the_same_in_a_process_of_its_own(name: str, tmp_path: Path) -> None:
    job = write(tmp_path / "case", CASES[name])
    inside = run(job, tmp_path / "inside")
    command = [sys.executable, "-m", "kalib", "check", str(job), "--json", "--tables", str(tmp_path / "tables")]
    outside = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", check=False, env={**os.environ, "PYTHONUTF8": "1"}
    )
    assert outside.returncode == inside.code
    assert json.loads(outside.stdout)["issues"] == inside.said["issues"]
    assert "Traceback" not in outside.stderr
    assert outside.stderr.strip().endswith(inside.message)


def test_the_corpus_is_large_and_its_names_are_unlike() -> None:
    names = [case.name for case in CASES.values()]
    assert len(names) >= 170
    assert len(set(names)) == len(names)


def test_rows_of_a_verdict_add_up() -> None:
    for name, case in CASES.items():
        assert case.verdicts, name
        for verdict in map(describe, case.verdicts):
            if verdict["verdict"] == "used" and verdict["rows_set_aside"] is not None:
                assert verdict["rows_read"] == verdict["rows_used"] + verdict["rows_set_aside"], name
