"""What orders do people send, at their worst? ``python tests/dirty/generate.py FOLDER`` writes every case into a folder of its own.

``FOLDER/NNN-name/`` holds the data files, ``job.yaml`` and ``expected.json``: the verdicts that are honest, with their figures.
The cases themselves stand in ``cases_*.py`` beside this script; nothing in them is drawn at random, so that each run writes
the same files but for the times that Excel's format wants.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import cases_dates
import cases_dialects
import cases_encodings
import cases_hostile
import cases_ids
import cases_numbers
import cases_packed
import cases_parquet
import cases_rows
import cases_sheets
import yaml
from case import AS_OF, COLUMNS, Case, Refused, Used, figures

TABLES = (
    cases_dialects,
    cases_encodings,
    cases_packed,
    cases_parquet,
    cases_sheets,
    cases_ids,
    cases_numbers,
    cases_dates,
    cases_rows,
    cases_hostile,
)
CASES: dict[str, Case] = {
    f"{number:03d}-{case.name}": case
    for number, case in enumerate((case for table in TABLES for case in table.CASES), start=1)
}


def write(folder: Path, case: Case) -> Path:
    """Write a case into a folder and return its job file."""
    folder.mkdir(parents=True)
    for name, content in case.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        made = content() if callable(content) else content
        file.write_bytes(made.encode() if isinstance(made, str) else made)
    source = case.source if case.source is not None else next(iter(case.files))
    settings = {
        "job": "dirty",
        "source": source if isinstance(source, str) else list(source),
        "columns": dict(case.columns or COLUMNS),
        "as_of": AS_OF,
        "currency": "EUR",
        **case.job,
    }
    job = folder / "job.yaml"
    said = {name: value for name, value in settings.items() if value is not None}
    job.write_text(yaml.safe_dump(said, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return job


def describe(verdict: Used | Refused) -> dict[str, object]:
    """Return a verdict as plain values."""
    if isinstance(verdict, Refused):
        return {"verdict": "refused", "exit_code": 2, **asdict(verdict)}
    return {
        "verdict": "used",
        "rows_read": verdict.read,
        "rows_used": len(verdict.rows),
        "rows_set_aside": verdict.aside,
        "met": [asdict(met) for met in verdict.met],
        "unsettled": list(verdict.unsettled),
        "customers": {name: [str(part) for part in known] for name, known in figures(verdict.rows).items()},
    }


def make(folder: Path) -> Iterator[Path]:
    """Write all cases below ``folder``; yields each job file."""
    for name, case in CASES.items():
        job = write(folder / name, case)
        expected = json.dumps([describe(verdict) for verdict in case.verdicts], ensure_ascii=False, indent=1)
        (job.parent / "expected.json").write_text(expected, encoding="utf-8", errors="surrogatepass")
        yield job


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python tests/dirty/generate.py FOLDER")
    print(f"{sum(1 for _ in make(Path(sys.argv[1])))} cases in {sys.argv[1]}")
