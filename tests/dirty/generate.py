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
import cases_real_customers
import cases_real_days
import cases_real_guess
import cases_real_money
import cases_real_orders
import cases_real_repeats
import cases_real_sales
import cases_real_sheets
import cases_rows
import cases_sheets
import yaml
from case import AS_OF, COLUMNS, Case, Doubted, Figures, Guessed, Refused, Used, Verdict, figures

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
REAL = (
    cases_real_sales,
    cases_real_orders,
    cases_real_repeats,
    cases_real_sheets,
    cases_real_days,
    cases_real_customers,
    cases_real_money,
    cases_real_guess,
)
"""What real systems export: nothing in it is broken, and only what a row means is in question."""
CASES: dict[str, Case] = {
    f"{number:03d}-{case.name}": case
    for number, case in enumerate((case for table in (*TABLES, *REAL) for case in table.CASES), start=1)
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


def describe(verdict: Verdict) -> dict[str, object]:
    """Return a verdict as plain values.

    Raises
    ------
    ValueError
        The rows of a verdict do not come to the totals that were worked out by hand.
    """
    if isinstance(verdict, Refused):
        return {"verdict": "refused", "exit_code": 2, **asdict(verdict)}
    if isinstance(verdict, Guessed):
        return {"verdict": "guessed", **asdict(verdict)}
    if isinstance(verdict, Doubted):
        said = {
            "verdict": "doubted",
            "exit_code": 2,
            "doubt": verdict.name,
            "beside": list(verdict.beside),
            "readings": [reading._asdict() for reading in verdict.readings],
            "answered": dict(verdict.answered),
        }
        return said | {"settled": _books(verdict.settled)}
    return {
        "verdict": "used",
        "rows_read": verdict.read,
        "rows_used": len(verdict.rows),
        "rows_set_aside": verdict.aside,
        "met": [asdict(met) for met in verdict.met],
        "unmet": list(verdict.unmet),
        "told": list(verdict.told),
        "untold": list(verdict.untold),
        "unsettled": list(verdict.unsettled),
        "customers": _books(verdict),
    }


def _books(verdict: Used) -> dict[str, list[str]]:
    """Return the customers of a verdict, once their totals are those that were worked out by hand."""
    books: dict[str, Figures] = figures(verdict.rows, void=verdict.void)
    net, orders = sum(known.net_sales for known in books.values()), sum(known.orders or 0 for known in books.values())
    if verdict.net not in (None, str(net)) or verdict.orders not in (None, orders):
        raise ValueError(f"rows come to {net} in {orders} orders, not to {verdict.net} in {verdict.orders}")
    return {name: [str(part) for part in known] for name, known in books.items()}


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
