"""Which lists does each page show as of an earlier date? The cells of the notebooks themselves, on a ledger that ends there."""

from __future__ import annotations

import datetime as dt
import json
import warnings
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

import kalib
from kalib import ledger
from kalib.errors import NotEnoughDataError
from kalib.publish.plan import plan_notebooks, read_notebooks
from kalib.publish.workbook import Run
from kalib.settings import Job, read_job
from kalib.topics.churn_windows import ACTIVE_DAYS

OF_TODAY = ("satisfaction", "complaints", "wallet")
"""Figures of the table of accounts that are those of its own day: of an earlier date nobody knows them."""

RUNS_ON = ("open_run(", ".close(", ".lacks(")
"""What a cell says that runs even where the page passes over the others, as in kalib.publish.workbook."""


@dataclass(frozen=True)
class Pages:
    """What the pages of a job show as of a date.

    Attributes
    ----------
    lists : (notebook, finding above it) to the table as the reader sees it, all of its rows in their order
    decided : what the pages chose from the data, as ``active_days``
    folder : the ledger as of the date, and the tables that the pages wrote
    """

    folder: Path
    lists: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict)
    decided: dict[str, object] = field(default_factory=dict)

    @property
    def active_days(self) -> int:
        """Return the days of silence after which the pages no longer count a customer as one."""
        return int(self.decided.get("active_days", ACTIVE_DAYS))

    def find(self, notebook: str, findings: Sequence[str]) -> pd.DataFrame | None:
        """Find a page's list by the finding above it, ``churn.accounts`` for ``churn.accounts.finding``; None: it shows none."""
        for (page, finding), table in self.lists.items():
            if page == notebook and any(f"{finding}.".startswith(f"{name}.") for name in findings):
                return table
        return None


class Listener(Run):
    """A run whose page is not drawn: it keeps the tables that are shown, and says nothing."""

    def __init__(self, folder: Path, *, settings: Job, pages: Pages, notebook: str) -> None:
        super().__init__(folder, settings=settings, language="en")
        self.passes_over = False
        self._page, self._pages, self._finding = notebook, pages, ""

    @property
    def name(self) -> str:
        return self._page

    def _show(self, output: object) -> None:
        pass

    def _say(self, key: str, facts: Mapping[str, object] | None) -> str:
        try:
            return super()._say(key, facts)
        except KeyError:
            return key

    def finding(self, key: str, facts: Mapping[str, object] | None = None) -> None:
        self._finding = key

    def draw(self, draw: object, table: pd.DataFrame, *, finding: str | None = None, **about: object) -> None:
        self._finding = finding or self._finding

    def table(
        self, frame: pd.DataFrame, columns: Mapping[str, str], *, finding: str | None = None, **about: object
    ) -> None:
        self._finding = finding or self._finding
        self._pages.lists.setdefault((self._page, self._finding), frame)

    def decide(self, name: str, value: object, why: str) -> None:
        self._pages.decided[name] = value

    def skip(self, table: str, error: NotEnoughDataError, *others: str) -> None:
        super().skip(table, error, *others)
        self.passes_over = True

    def write_model(self, name: str, model: object, **about: object) -> None:
        if name != "value":  # which no page reads, and which takes seconds
            super().write_model(name, model, **about)


def read_pages(job: Job, folder: Path, *, only: Sequence[str] = ()) -> Pages:
    """Run the pages of a job in this process and return what they show.

    Parameters
    ----------
    folder : the ledger as of the date; gets the tables of the pages
    only : notebooks that are wanted, with what they need; empty: all
    """
    pages = Pages(folder)
    there = ledger.read_report(folder).tables
    for notebook in plan_notebooks(read_notebooks(job), only=only, tables=there):
        book = Listener(folder, settings=job, pages=pages, notebook=notebook.name)
        names: dict[str, object] = {}
        with _opening(book), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number, cell in enumerate(json.loads(notebook.file.read_text(encoding="utf-8"))["cells"]):
                source = "".join(cell["source"])
                if cell["cell_type"] != "code" or (book.passes_over and not any(word in source for word in RUNS_ON)):
                    continue
                exec(compile(source, f"{notebook.name}, cell {cell.get('id', number)}", "exec"), names)
    return pages


@contextmanager
def _opening(book: Run):
    """Let the notebook's own ``kalib.open_run`` open this run."""
    as_it_was = kalib.open_run
    kalib.open_run = lambda *given, **named: book
    try:
        yield
    finally:
        kalib.open_run = as_it_was


def build_past(job_file: Path, folder: Path, *, as_of: dt.date, **overrides: str) -> Job:
    """Build the ledger of a job as of a date, unless it stands there already, and return the job with that date."""
    job = read_job(job_file, {"language": "[en]", "as_of": str(as_of), **overrides})
    if not (folder / "ledger.json").is_file():
        ledger.build(job, folder)
        _forget(folder / "tables", as_of)
    for made in [*(folder / "records").glob("*.json"), *(folder / "models").glob("*")]:
        made.unlink()
    own = set(ledger.read_report(folder).tables)
    for made in (folder / "tables").glob("*.parquet"):
        if made.stem not in own:
            made.unlink()
    return job


def _forget(tables: Path, as_of: dt.date) -> None:
    """Take out of the tables beside the orders what nobody knew at the date; the ledger keeps them whole."""
    end = pd.Timestamp(as_of)
    for name, day in {"accounts": "since", "contacts": "contact_date", "costs": "period_end"}.items():
        file = tables / f"{name}.parquet"
        if not file.is_file():
            continue
        table = pd.read_parquet(file)
        if day in table:
            table = table[~(pd.to_datetime(table[day]) > end)]
        gone = OF_TODAY if name == "accounts" else ()
        table.drop(columns=list(gone), errors="ignore").to_parquet(file, index=False)
