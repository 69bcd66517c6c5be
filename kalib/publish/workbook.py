"""What does a notebook do with its run? Reads tables, shows its answer and evidence, writes tables, closes."""

from __future__ import annotations

import datetime as dt
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property, partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from babel.numbers import get_currency_precision
from IPython import get_ipython
from IPython.display import display as show_output

from kalib.errors import NotebookError, NotEnoughDataError
from kalib.ledger.whole import write_whole
from kalib.publish import display
from kalib.publish.doubts import FIGURES, count_doubts, list_readings, say_doubts
from kalib.publish.places import find_job, reports_folder
from kalib.publish.record import (
    earlier_runs,
    kept_decisions,
    list_versions,
    plain,
    read_horizon,
    read_json,
    read_run,
    read_settings,
    write_json,
)
from kalib.schema import COLUMNS, TABLES, check_columns, check_key
from kalib.settings import Job, read_job
from kalib.words import Words, read_words
from kalib.years import YEAR

if TYPE_CHECKING:  # seconds of imports, which most notebooks do without
    from matplotlib.axes import Axes
    from sklearn.base import BaseEstimator

    from kalib.ledger import LedgerReport
    from kalib.publish.models import Card

Facts = Mapping[str, object]
DRAFT = "draft"
SAMPLE = "jobs/wholesale.yaml"
DECIMALS = 9
"""Shares, scores and ratios are written with so many decimals: what differs beyond is the order of a sum."""


def open_run(run: str = "", *, job: str, language: str = "en") -> Run:
    """Open the run that a notebook works on.

    Parameters
    ----------
    run : folder of the run; the runner sets it. Empty: the draft of ``job``, in ``reports/<job>/draft``
    job : the job file, looked for from the working directory upward and among the shipped ones. Empty: that of the environment
        variable KALIB_JOB, which ``kalib lab`` sets, else the sample's
    language : of the sentences and figures

    Raises
    ------
    SettingsError
        If the folder is no run, or the job file is not there or wrong.
    """
    take_up_cells()
    pd.set_option("display.html.use_mathjax", False)  # JupyterLab takes two dollar signs in names for a formula
    if run:
        folder = Path(run).resolve()
        return Run(folder, settings=read_settings(folder), language=language)
    settings = read_job(find_job(job or os.environ.get("KALIB_JOB") or SAMPLE))
    return Run(reports_folder(settings) / settings.job / DRAFT, settings=settings, language=language)


def pass_over_cells() -> None:
    """Let the notebook's cells do nothing from here on, until the run is opened again or closed."""
    shell = get_ipython()
    if shell is not None and _pass_over not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(_pass_over)


def take_up_cells() -> None:
    """Undo ``pass_over_cells``."""
    shell = get_ipython()
    if shell is not None and _pass_over in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(_pass_over)


def _pass_over(lines: list[str]) -> list[str]:
    stays = any("open_run(" in line or ".close(" in line or ".lacks(" in line for line in lines)
    return lines if stays else []


class Run:
    """A run of a job, as a notebook sees it; made by ``open_run``.

    By hand, on the draft, what is missing is made when it is read; under the runner a missing table is an error.
    A published run can be read and is never written to. In a second language of a run the tables stay as the first
    language made them.

    Attributes
    ----------
    settings : Job, the settings of the run; words : Words, the sentences in the notebook's language
    """

    def __init__(self, folder: Path, *, settings: Job, language: str) -> None:
        self.folder, self.settings, self.language = folder, settings, language
        self.words = Words(language, currency=settings.currency, names=settings.names(language))
        self._notebook = os.environ.get("KALIB_NOTEBOOK", "")
        self._started = time.monotonic()
        self._written: dict[str, int] = {}
        self._skipped: dict[str, dict[str, object]] = {}
        self._decisions: dict[str, dict[str, object]] = {}
        self._models: dict[str, dict[str, object]] = {}
        self._facts: dict[str, object] = {}
        self._answer = ""
        self._ready = False
        self._damaged: set[tuple[str, str]] = set()
        self._looked_for: set[str] = set()
        self._plan: dict[str, dict] = read_json(folder / "plan.json") if self._notebook else {}

    @property
    def _by_hand(self) -> bool:
        return not self._notebook and self.folder.name == DRAFT

    @property
    def _published(self) -> bool:
        return not self._notebook and (self.folder / "run.json").is_file()

    @property
    def _second_language(self) -> bool:
        return bool(self._notebook) and self.language != self.settings.language[0]

    @property
    def name(self) -> str:
        """Return the notebook's name: ``10_rfm``."""
        return self._notebook or Path(os.environ.get("JPY_SESSION_NAME", "by-hand")).stem

    @property
    def report(self) -> LedgerReport:
        """Return what the ledger found: rows read and used, issues, inputs."""
        from kalib.ledger import read_report

        self._make_ready()
        return read_report(self.folder)

    @cached_property
    def _ledger(self) -> dict:
        self._make_ready()
        return read_json(self.folder / "ledger.json")

    @property
    def as_of(self) -> dt.date:
        """Return the snapshot date: nothing after it is known to any table."""
        return dt.date.fromisoformat(self._ledger["as_of"])

    # --- tables -----------------------------------------------------------------------------------------------------

    def read(self, table: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read a table of the run.

        Raises
        ------
        NotebookError
            If the run has no such table; says why.
        MissingColumnsError
            If the table lacks one of ``columns``.
        """
        self._find(table)
        file = self._file(table)
        if not file.is_file():
            reason = self.missing(table) or "no notebook before this one wrote it"
            raise NotebookError(
                f"`{table}` is not in this run ({reason}). Ask `book.has({table!r})` before it is read."
            )
        if columns is not None:
            known = pq.read_schema(file).names
            check_columns(pd.DataFrame(columns=known), columns, name=table)
        return pd.read_parquet(file, columns=None if columns is None else list(columns))

    def has(self, table: str) -> bool:
        """Return whether the run has a table; by hand, after trying to make it."""
        self._find(table)
        return self._file(table).is_file()

    def rows(self, table: str) -> int:
        """Return the number of rows of a table, 0 where the run has none."""
        return pq.read_metadata(self._file(table)).num_rows if self.has(table) else 0

    def missing(self, table: str) -> str | None:
        """Return the sentence that says why the run lacks a table; None if it has it or nobody said why."""
        if self.has(table):
            return None
        for record in self._records():
            if table in record["skipped"]:
                return self._reason(record["skipped"][table]["reason"], record["skipped"][table]["facts"])
        if table in self._ledger["missing"]:
            return self._reason(self._ledger["missing"][table], {"table": table})
        return None

    def snapshots(self, dates: Sequence[dt.date]) -> pd.DataFrame:
        """Return the columns of ``customers`` as they stood at each of ``dates``: one row per date and customer."""
        from kalib.ledger import snapshots

        self._make_ready()
        return snapshots(self.folder, dates)

    def outcomes(self, dates: Sequence[dt.date], *, horizon_days: int) -> pd.DataFrame:
        """Return what customers bought in the horizon after each of ``dates``: orders_ahead, net_sales_ahead."""
        from kalib.ledger import outcomes

        self._make_ready()
        return outcomes(self.folder, dates, horizon_days=horizon_days)

    def earlier(self, table: str, columns: Sequence[str] = ()) -> pd.DataFrame:
        """Return which earlier published runs of the job have a table: those of a snapshot date before this run's.

        Parameters
        ----------
        columns : of the table, told with each run as they stand in its first row; those that are the same in every row,
            as ``horizon_days``. A run whose table lacks one, or has no row, is left out

        Returns
        -------
        DataFrame
            One row per snapshot date, oldest first, of several runs the newest one: run (folder name), run_as_of,
            ``columns``. Empty where there is none. A run whose table is damaged is passed over, and said so on the page.
        """
        rows = []
        for folder in earlier_runs(self.folder.parent, self.as_of, level=self.settings.level):
            file = folder / "tables" / f"{table}.parquet"
            if not file.is_file():
                continue
            try:
                told = _read_first(file, columns)
            except (OSError, ValueError, pa.ArrowException):
                self._tell_damaged(table, folder.name)
                continue
            if told is not None:
                rows.append({"run": folder.name, "run_as_of": pd.Timestamp(folder.name[:10]), **told})
        return pd.DataFrame(rows, columns=["run", "run_as_of", *columns])

    def _tell_damaged(self, table: str, run: str) -> None:
        """Say once on the page that a table of an earlier run cannot be read."""
        if (table, run) not in self._damaged:
            self._damaged.add((table, run))
            self.note("run.damaged", {"table": table, "run": run})

    def read_earlier(self, table: str, run: str) -> pd.DataFrame:
        """Read a table of an earlier published run of the job.

        Parameters
        ----------
        run : as ``earlier`` names it

        Raises
        ------
        NotebookError
            If there is no such run, or it has no such table.
        """
        file = self.folder.parent / run / "tables" / f"{table}.parquet"
        if run not in set(self.earlier(table)["run"]):
            raise NotebookError(
                f"`{table}` of {run} is not there. `book.earlier({table!r})` lists the runs that have it."
            )
        return pd.read_parquet(file)

    def write(self, table: str, frame: pd.DataFrame) -> None:
        """Write a table of this notebook: money in the minor unit, sorted by its key, in one step.

        Raises
        ------
        MissingColumnsError
            If a table of the house lacks a column or a key.
        ValueError
            If a key stands in it twice.
        NotebookError
            If the table is not this notebook's to write, or the run is published.
        """
        self._check_mine(table)
        known = TABLES.get(table)
        if known:
            remedy = "The columns of each table stand in kalib.schema."
            check_columns(frame, {*known.key, *known.columns}, name=table, remedy=remedy)
            check_key(frame, known.key, name=table)
        self._written[table] = len(frame)
        self._skipped.pop(table, None)
        if self._second_language:
            return
        finished = _round(frame, get_currency_precision(self.settings.currency))
        if known:
            finished = finished.sort_values(list(known.key), kind="stable", ignore_index=True)
        file = self._file(table)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, lambda path: finished.to_parquet(path, index=False))

    def write_model(self, name: str, model: BaseEstimator, *, data: pd.DataFrame, as_of: dt.date | None = None) -> None:
        """Keep a fitted model of this notebook in the run, as ``models/<name>.skops``.

        Parameters
        ----------
        data : the rows it was fitted on: customer_id and its features
        as_of : their snapshot date; default: the run's
        """
        self._check_mine(name)
        if self._second_language:
            return
        from kalib.publish.models import write_model

        file, version, day = self._model_file(name), list_versions()["kalib"], (as_of or self.as_of).isoformat()
        file.parent.mkdir(parents=True, exist_ok=True)
        about = partial(write_model, model, name=name, as_of=day, data=data, kalib=version)
        write_whole(file, lambda path: self._models.update({name: asdict(about(path))}))

    def read_model(self, name: str, *, data: pd.DataFrame, file: str | None = None) -> tuple[BaseEstimator, Card]:
        """Read a fitted model and what it was fitted on: the one this run kept, or that of ``file``.

        Parameters
        ----------
        name : of the model, as ``tiers``
        data : the table that it is to be applied to
        file : a model that another run kept, as the job file names it

        Raises
        ------
        SettingsError
            The file is not there, is no such model, or holds parts that are not to be trusted.
        """
        from kalib.publish.models import read_model

        if file is None:
            self._find(name)
        path = self.settings.path(file) if file else self._model_file(name)
        return read_model(path, name=name, data=data, as_of=self.as_of)

    def skip(self, table: str, error: NotEnoughDataError, *others: str) -> None:
        """Leave a table out of the run, and others with it, because the data cannot support it, and say so on the page."""
        for left_out in (table, *others):
            self._check_mine(left_out)
            self._skipped[left_out] = {"reason": error.reason, "facts": plain(error.facts)}
            if not self._second_language:
                self._file(left_out).unlink(missing_ok=True)
                self._model_file(left_out).unlink(missing_ok=True)
        bundle, metadata = display.note(self._reason(error.reason, error.facts))
        self._show((bundle, {"kalib": metadata["kalib"] | {"absent": True}}))

    @contextmanager
    def making(self, table: str, *others: str) -> Iterator[None]:
        """Make a table, or say why the data cannot support it and pass over the cells below, up to ``book.close()``.

        Cells that ask ``book.lacks(...)`` are not passed over: they make what stands in its place.

        Parameters
        ----------
        others : tables of the notebook that cannot be made either without it

        Examples
        --------
        ::

            with book.making("tiers"):
                tiers = topic.assign_tiers(customers, count=4)
        """
        try:
            yield
        except NotEnoughDataError as error:
            self.skip(table, error, *others)
            pass_over_cells()

    def lacks(self, table: str) -> bool:
        """Say whether this notebook left a table out; the cell that asks runs even where others are passed over."""
        return table in self._skipped

    @contextmanager
    def part(self, key: str | None = None) -> Iterator[None]:
        """Show a part of the page, or say in its place why the data cannot support it; the cells below go on.

        Parameters
        ----------
        key : of a sentence that says what is left out, with the ``reason`` in it; without it the reason stands alone
        """
        try:
            yield
        except NotEnoughDataError as error:
            reason = self._reason(error.reason, error.facts)
            self._show(display.note(self._say(key, {"reason": reason}) if key else reason))

    # --- decisions --------------------------------------------------------------------------------------------------

    def decide(self, name: str, value: str | int | float | bool, why: str) -> None:
        """Record a choice made from the data, so that later runs of the job can keep it.

        Parameters
        ----------
        name : the setting it stands for, as ``horizon_days``
        value : what was chosen
        why : a code or a short reason
        """
        self._decisions[name] = {"value": plain(value), "why": why}

    def stated(self, name: str) -> str | int | float | bool | None:
        """Return the job's setting ``name``, or else what its earlier runs decided; None where neither says."""
        return getattr(self.settings, name, None) or self.kept(name)

    def kept(self, name: str) -> str | int | float | bool | None:
        """Return what earlier runs of the job decided on ``name``: the newest published one up to this as_of."""
        return kept_decisions(self.folder.parent, self.as_of).get(name)

    # --- what the reader sees ---------------------------------------------------------------------------------------

    def answer(self, keys: str | Sequence[str], facts: Facts | None = None) -> None:
        """Show the computed answer to the page's question: one sentence of the words or several, filled with ``facts``."""
        space = " " if self.language == "en" else ""
        text = space.join(self._say(key, facts) for key in ([keys] if isinstance(keys, str) else keys))
        is_first = not self._answer
        self._answer = self._answer or text
        self._facts |= facts or {}
        self._show(display.answer(text))
        if is_first:
            self._tell_short_record()

    def _tell_short_record(self) -> None:
        """Say once, below the answer, that no year of the page is one where the record has less than a year of orders."""
        first = self._ledger.get("first_order_date")
        days = (self.as_of - dt.date.fromisoformat(first)).days + 1 if first else YEAR
        if days < YEAR:
            self.note("page.short_record", {"days": days, "first": first, "as_of": self.as_of})

    def kpis(self, keys: str | Sequence[str], facts: Facts | None = None) -> None:
        """Show four to six figures.

        Parameters
        ----------
        keys : names in the words, each with ``.label``, ``.value`` and maybe ``.note`` and ``.tone`` (good or bad)
            below it; or one name, which stands for all that lie below it, in their order
        facts : fills them
        """
        if isinstance(keys, str):
            below = (key for key in read_words(self.language) if key.startswith(f"{keys}.") and key.endswith(".label"))
            keys = [key.removesuffix(".label") for key in below]
        items = [
            tuple(self._say(f"{key}.{part}", facts) if f"{key}.{part}" in self.words else "" for part in _KPI_PARTS)
            for key in keys
        ]
        self._show(display.kpis(items))

    def remember(self, facts: Facts) -> None:
        """Record facts of the page in run.json, beside those of its answer, for who asks for them there."""
        self._facts |= facts

    def finding(self, key: str, facts: Facts | None = None) -> None:
        """Show a finding: the heading of the figure or table that follows."""
        self._show(display.finding(self._say(key, facts)))

    def note(self, key: str, facts: Facts | None = None, *, page: str | None = None) -> None:
        """Show a note in plain type; on a page it leads to another ``page`` of the run, if the run has it."""
        self._show(display.note(self._say(key, facts), page=page if page in self._plan else None))

    def show_doubts(self) -> None:
        """Show the doubts about the source, settled or told, with what each reading would give; nothing where there is none."""
        doubts = self.report.doubts
        if not doubts:
            return
        self.finding("quality.doubts.finding", count_doubts(doubts))
        for facts in say_doubts(doubts, self.language):
            parts = ["extent"] if facts["share"] and not facts["says_share"] else []
            parts += ["settled" if facts["settled"] else "told_only" if facts["is_told_only"] else "told"]
            said = [str(facts["says"]), *(self._say(f"quality.doubts.{part}", facts) for part in parts)]
            self._show(display.note((" " if self.language == "en" else "").join(said)))
        table = list_readings(doubts, self.language)
        if len(table):
            shown = {"doubt": "code doubt", "reading": "", "chosen": "", **FIGURES}
            self.table(table, {name: how for name, how in shown.items() if name in table}, rows=len(table))

    def count_doubts(self) -> dict[str, int]:
        """Return how many doubts about the source there are, and how many of them the job settled: doubts, settled, told."""
        return count_doubts(self.report.doubts)

    def say_reasons(self, reasons: pd.Series, *, most: int = 2, lowering: bool = False) -> list[str]:
        """Return in words what raises each customer's risk most, or what lowers it.

        Parameters
        ----------
        reasons : per customer a list of code, value, typical and effect, as the churn table has it
        most : how many reasons are said
        lowering : say what speaks against leaving; where nothing does, nothing is said
        """
        sign = -1 if lowering else 1
        told = [[one for one in own if sign * one["effect"] > 0] for own in reasons]
        told = [sorted(own, key=lambda one: -abs(one["effect"]))[:most] for own in told]
        said = [self.words.join(self._say(f"codes.reason.{one['code']}", one) for one in own) for own in told]
        return said if lowering else [text or self.words.code("reason", "none") for text in said]

    def say_parts(
        self,
        lists: pd.Series,
        key: str,
        *,
        most: int = 2,
        also: pd.Series | None = None,
        rows: int = display.MOST_ROWS,
    ) -> list[str]:
        """Return each row's list of codes with their figures in words: ``<key>.<code>``, first ones first.

        A code without words of its own is a column's name and is said by ``<key>.other`` with the column's header as
        ``figure``; an empty list is ``<key>.none``.

        Parameters
        ----------
        lists : per row a list of facts with a ``code``, or nothing
        most : how many of a list are said
        also : per row the code of a remark on the whole, ``<key>.<code>`` with what was said as ``why``; or nothing
        rows : so many rows are said, as many as a table shows; of the others an empty text is returned
        """
        said = []
        for facts in lists.iloc[:rows]:
            parts = [] if facts is None or not isinstance(facts, Sequence | np.ndarray) else list(facts)[:most]
            found = [
                (f"{key}.{part['code']}" if f"{key}.{part['code']}" in self.words else f"{key}.other", part)
                for part in parts
            ]
            texts = [self._say(name, {"figure": self.say_columns([part["code"]]), **part}) for name, part in found]
            said.append(self.words.join(texts) or self._say(f"{key}.none", None))
        if also is not None:
            said = [
                text if pd.isna(code) else self._say(f"{key}.{code}", {"why": text})
                for text, code in zip(said, also.iloc[:rows], strict=True)
            ]
        return said + [""] * (len(lists) - len(said))

    def say_columns(self, columns: Sequence[str]) -> str:
        """Return the headers of columns in words, one after the other."""
        known = {name: f"columns.{name}" for name in columns}
        names = [self._say(key, self._horizon) if key in self.words else name for name, key in known.items()]
        return self.words.join(names)

    def say_ranges(self, rules: pd.Series) -> list[str]:
        """Return in words what each rule asks for, as "net sales of the year from £9,000 and fewer orders than 12".

        Parameters
        ----------
        rules : per rule a list of column, low (from it on), high (below it), either None, and how they are shown
        """
        said = []
        for ranges in rules:
            parts = []
            for one in ranges:
                kind = (
                    "between" if None not in (one["low"], one["high"]) else "from" if one["high"] is None else "below"
                )
                low, high = (self.words.show(one[end], one["how"]) for end in ("low", "high"))
                parts.append(self.words(f"ranges.{kind}", name=self.name_figure(one["column"]), low=low, high=high))
            joined = (
                [reduce(lambda first, then: self.words("ranges.and", first=first, then=then), parts)] if parts else []
            )
            said += joined or [self.words("ranges.all")]
        return said

    def name_figure(self, column: str) -> str:
        """Return a column of figures as it is called within a sentence, else as over a table."""
        for key in (f"codes.figure.{column}", f"columns.{column}"):
            if key in self.words:
                return self._say(key, self._horizon)
        return column.replace("_", " ")

    def draw(
        self,
        draw: Callable[..., Axes],
        table: pd.DataFrame,
        *,
        alt: str,
        finding: str | None = None,
        caption: str | None = None,
        facts: Facts | None = None,
        height: int = 320,
        narrow_height: int | None = None,
    ) -> None:
        """Show a figure below its finding.

        Parameters
        ----------
        draw : a function of kalib.figures, ``draw(table, words=..., ax=...)``
        table : the finished table it draws
        finding, alt, caption : keys of the words, filled with ``facts``; alt is read out where nothing can be seen
        height, narrow_height : in pixels, at a laptop's width and at a phone's (default: the same)
        """
        if finding:
            self.finding(finding, facts)
        below = self._say(caption, facts) if caption else None
        publishing = bool(self._notebook) and self.folder.name != DRAFT
        self._show(
            display.figure(
                draw,
                table,
                self.words,
                alt=self._say(alt, facts),
                caption=below,
                height=height,
                narrow_height=narrow_height,
                publishing=publishing,
            )
        )
        if below and not publishing:
            self._show(display.caption(below))

    def table(
        self,
        frame: pd.DataFrame,
        columns: Mapping[str, str],
        *,
        finding: str | None = None,
        facts: Facts | None = None,
        bar: str | None = None,
        rows: int = 10,
    ) -> None:
        """Show a table below its finding.

        Parameters
        ----------
        frame : one row per line; shown in its order
        columns : column to how it is shown (see ``Words.show``); headers are the words ``columns.<column>``
        bar : the column that gets a bar
        rows : shown at once; the others on demand
        """
        check_columns(frame, columns, name="frame")
        if finding:
            self.finding(finding, facts)
        headers = {name: self._say(f"columns.{name}", self._horizon | (facts or {})) for name in columns}
        self._show(display.table(frame, columns, self.words, headers=headers, bar=bar, rows=rows))

    @cached_property
    def _horizon(self) -> dict[str, int]:
        """Within how many days leaving is forecast, for the heads of columns; nothing in a run without a forecast."""
        return read_horizon(self._file("churn"))

    def close(self, facts: Facts | None = None) -> None:
        """Record what this notebook did and show where its figures come from; always the last cell.

        The record is ``records/<notebook>.json`` in the run's folder; without it the runner counts the notebook as
        failed.
        """
        self._facts |= facts or {}
        record = {
            "notebook": self.name,
            "language": self.language,
            "answer": self._answer,
            "tables": self._tables_written(),
            "skipped": self._skipped,
            "decisions": self._decisions,
            "models": self._models,
            "facts": plain(self._facts),
            "parameters": self._plan.get(self.name, {}).get("parameters", {}),
            "versions": list_versions(),
            "seconds": round(time.monotonic() - self._started, 1),
        }
        if not self._published:
            folder = self._records_folder / self.language if self._second_language else self._records_folder
            write_json(folder / f"{self.name}.json", record)
        if self._by_hand:
            from kalib.publish.run import accept_table

            accept_table(self.settings, self.folder, self.name)
        written = " · ".join(self.words("run.rows", table=name, rows=rows) for name, rows in record["tables"].items())
        inputs = " · ".join(f"{name} {digest[:12]}" for name, digest in sorted(self._ledger["inputs"].items()))
        packages = " · ".join(f"{name} {number}" for name, number in record["versions"].items())
        lines = [
            self.words(
                "run.provenance", as_of=self.as_of, read=self._ledger["rows_read"], used=self._ledger["rows_used"]
            ),
            inputs,
        ]
        text = "\n".join(line for line in (*lines, written, packages) if line)
        self._show(display.provenance(text))
        take_up_cells()

    def _tables_written(self) -> dict[str, int]:
        """Return the rows of the notebook's tables, which are written in the first language of a run and stay."""
        first = self._records_folder / f"{self.name}.json"
        return read_json(first)["tables"] if self._second_language and first.is_file() else self._written

    def _say(self, key: str, facts: Facts | None) -> str:
        try:
            return self.words(key, **(facts or {}))
        except KeyError as error:
            if key in self.words:
                raise KeyError(f"`{key}` wants the fact {error}; given are {sorted(facts or {})}") from None
            raise

    def _reason(self, code: str, facts: Facts) -> str:
        key = f"reasons.{code}"
        return self._say(key, facts) if key in self.words else code

    @staticmethod
    def _show(output: tuple[dict[str, str], dict[str, object]]) -> None:
        bundle, metadata = output
        show_output(bundle, raw=True, metadata=metadata)

    # --- what is where ----------------------------------------------------------------------------------------------

    @property
    def _records_folder(self) -> Path:
        return self.folder / "records"

    def _file(self, table: str) -> Path:
        return self.folder / "tables" / f"{table}.parquet"

    def _model_file(self, name: str) -> Path:
        return self.folder / "models" / f"{name}.skops"

    def _records(self) -> list[dict]:
        if self._published:
            return [{"skipped": read_run(self.folder)["missing"]}]
        own = [{"skipped": self._skipped}]
        return own + [read_json(file) for file in sorted(self._records_folder.glob("*.json"))]

    def _check_mine(self, table: str) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", table):
            raise NotebookError(f"`{table}` is no name for a table; use small letters, digits and underscores.")
        if self._published:
            raise NotebookError(f"{self.folder.name} is published and stays as it is. Work on the draft: `run = ''`.")
        if self._plan and table not in self._plan[self.name]["writes"]:
            raise NotebookError(f"{self.name} writes `{table}`; add it to `kalib.writes` in the notebook's metadata.")
        if table in self._ledger["tables"]:
            raise NotebookError(f"`{table}` is the ledger's table. Give yours another name.")

    def _find(self, table: str) -> None:
        """See to it that a table is there, by hand; under the runner, that it was asked for in the metadata."""
        self._make_ready()
        if self._plan:
            plan = self._plan[self.name]
            elsewhere = any(table in other["writes"] for name, other in self._plan.items() if name != self.name)
            if elsewhere and table not in plan["reads"]:
                raise NotebookError(
                    f"{self.name} reads `{table}`; add it to `kalib.reads` in the notebook's metadata: "
                    "the order of the notebooks is found from there."
                )
        if self._by_hand and table not in {*self._looked_for, *self._ledger["tables"], *self._ledger["missing"]}:
            from kalib.publish.run import make_table

            self._looked_for.add(table)

            started = time.monotonic()
            made = make_table(self.settings, self.folder, table)
            if made:
                names, seconds = ", ".join(made), time.monotonic() - started
                print(self.words("run.ran", notebooks=names, table=table, seconds=seconds))

    def _make_ready(self) -> None:
        """Make the draft's ledger if there is none, or if the settings or the source changed."""
        if self._ready:
            return
        self._ready = True
        if self._by_hand:
            from kalib.publish.run import refresh_draft

            started = time.monotonic()
            if refresh_draft(self.settings, self.folder):
                print(self.words("run.refreshed", job=self.settings.job, seconds=time.monotonic() - started))


_KPI_PARTS = ("label", "value", "note", "tone")


def _read_first(file: Path, columns: Sequence[str]) -> dict[str, object] | None:
    """Return ``columns`` as they stand in a table's first row; None where it lacks one, or has no row.

    All of the table is read once: a file can be damaged anywhere.
    """
    if not set(columns) <= set(pq.read_schema(file).names):
        return None
    whole = pq.ParquetFile(file)
    if not whole.metadata.num_rows:
        return None
    for _ in whole.iter_batches():
        pass
    first = next(whole.iter_batches(batch_size=1, columns=list(columns)))
    return first.to_pylist()[0] if columns else {}


def _round(frame: pd.DataFrame, minor_unit: int) -> pd.DataFrame:
    floats = [name for name in frame.columns if name in COLUMNS and pd.api.types.is_float_dtype(frame[name].dtype)]
    # Floats only because some are missing.
    counts = [name for name in floats if COLUMNS[name].unit == "count" or name.startswith("days_since_")]
    rounded = frame.round({name: minor_unit if COLUMNS[name].unit == "currency" else DECIMALS for name in floats})
    return rounded.astype(dict.fromkeys(counts, "Int64"))
