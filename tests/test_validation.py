"""Are the figures of docs/validation.md those that the workbook comes to, and do both ways agree?"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "validation.md"
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*%?")


def read_rows(text: str) -> list[list[str]]:
    """Return the cells of the page's tables, row by row."""
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]


def as_number(cell: str) -> float:
    return float(cell.replace(",", "").rstrip("%"))


def test_the_second_way_agrees_on_the_page() -> None:
    """What is counted must be the same; what was searched for by chance, or forecast, need only be near."""
    near = (
        "adjusted Rand",
        "accounts with an order in the year",
        "Calinski-Harabasz",
        "silhouette",  # ours is of a sample
        "predicted to leave",
        "order days expected in",  # simulated
        "value ahead",  # each account rounded
        "pareto_nbd",  # printed from a search that stopped early: a flat maximum
        "net sales, all",
    )
    compared = 0
    for row in read_rows(PAGE.read_text(encoding="utf-8")):
        if len(row) != 4 or row[3].endswith("%") or not NUMBER.fullmatch(row[1]) or not NUMBER.fullmatch(row[2]):
            continue
        ours, theirs = as_number(row[1]), as_number(row[2])
        if any(word in row[0] for word in near):
            assert ours == pytest.approx(theirs, rel=0.1), row
        else:
            assert ours == pytest.approx(theirs, abs=0.0011 if "AHP" in row[0] else 1e-9), row
        compared += 1
    assert compared > 30


@pytest.mark.deep
def test_the_page_comes_again(tmp_path: Path, retail: Path) -> None:
    """Made anew, the page has the same words, and figures as near as another processor allows."""
    command = [sys.executable, ROOT / "docs" / "validation.py", tmp_path / "validation.md"]
    environment = {**os.environ, "KALIB_RETAIL": str(retail)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    again, stored = (read_rows(file.read_text(encoding="utf-8")) for file in (tmp_path / "validation.md", PAGE))
    assert len(again) == len(stored)
    for new, old in zip(again, stored, strict=True):
        for one, other in zip(new, old, strict=True):
            if NUMBER.fullmatch(one) and NUMBER.fullmatch(other):
                assert as_number(one) == pytest.approx(as_number(other), rel=0.02, abs=0.004), (new, old)
            else:
                assert one == other
