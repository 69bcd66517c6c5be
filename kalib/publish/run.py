"""How does a job become a folder of reports? All of it aside first, then put in place in one step, or not at all."""

from __future__ import annotations

import datetime as dt
import errno
import fcntl
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from kalib import ledger
from kalib.errors import BusyError, DataError, NotebookError, SettingsError
from kalib.ledger import LedgerReport
from kalib.ledger.apart import build_apart
from kalib.ledger.room import find_shortage
from kalib.publish.checks import check_job
from kalib.publish.fresh import (
    Kept,
    find_ledger_state,
    find_state,
    is_all_seen,
    is_current,
    is_shipped,
    mark_current,
)
from kalib.publish.last_run import check_last_run, find_last_run, keep_doubts, measure_report
from kalib.publish.places import next_run, reports_folder, sync
from kalib.publish.plan import (
    SETTINGS,
    Literal,
    Notebook,
    check_parameters,
    choose_parameters,
    plan_notebooks,
    read_notebooks,
)
from kalib.publish.record import (
    hash_settings,
    hide_secrets,
    kept_decisions,
    list_versions,
    plain_settings,
    read_json,
    write_json,
    write_settings,
)
from kalib.settings import Job
from kalib.words import Words
from kalib.words.told import speaking, speaks, told

if TYPE_CHECKING:
    from kalib.publish.kernels import Kernels  # with papermill, for which `kalib check` need not wait

KEPT = ".kept"
"""In the job's folder of reports: what was made the last time."""
STATE = "state"
"""In the draft: the state of its ledger."""
AT_ONCE = 2
"""Notebooks under way at the same time; each has a kernel of its own."""


@dataclass(frozen=True)
class Step:
    """What has just been done: the ``done``-th of ``total`` steps."""

    done: int
    total: int
    text: str


Progress = Callable[[Step], None]


def run_job(
    job: Job,
    *,
    parameters: Mapping[str, str] | None = None,
    only: Collection[str] = (),
    out: Path | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Make the reports of a job and publish them.

    The ledger and each page are taken from the last run, also one that failed, where all that they are made from is the same
    (see ``kalib.publish.fresh``); pages of the user's own notebooks are always made.

    Parameters
    ----------
    job : settings, overrides applied
    parameters : the overrides as they were given, for run.json
    only : topics to run, with what they need; empty: all
    out : folder for the reports of all jobs; default: ``reports`` beside the job's data
    fresh : make everything, whatever the last run made
    progress : gets each step as it is done

    Returns
    -------
    The published folder, ``reports/<job>/<as_of>-<n>``; ``reports/<job>/latest`` points to it, unless it is of an earlier
    date than another run or has some of the pages only.

    Raises
    ------
    SettingsError, DataError, ShortageError
        The settings or the data are refused; the pages cannot be put in their place; disk or memory ran out.
    NotebookError
        A notebook cannot be run or did not run to its end; it lies as executed in ``reports/<job>/failed``.
    BusyError
        Another run of the same job is under way.
    """
    from kalib.publish.kernels import Kernels

    started = time.monotonic()
    notebooks = read_notebooks(job)
    expected = len(plan_notebooks(notebooks, only=only))
    check_parameters(job, notebooks)
    check_job(job)
    folder = reports_folder(job, out) / job.job
    _check_places(folder)
    with (
        _locked(folder),
        _build_folder(folder) as build,
        Kernels(folder=job.root, expected=expected) as kernels,
    ):
        known = Kept(folder / KEPT if is_all_seen(job) else None)
        report, state, taken = _make_ledger(job, build, known, fresh=fresh)
        check_date(job, report)
        check_last_run(job, report, build, folder, given=parameters or {})
        if not taken:
            _keep_ledger(build, known, state)
        plan = plan_notebooks(notebooks, only=only, tables=report.tables)
        steps = _Steps(progress, total=2 + len(plan))
        steps.say("ledger", time.monotonic() - started, taken=taken)
        write_settings(job, build)
        kept = kept_decisions(folder, report.as_of)
        pages = _Pages(job, build, plan, kept=kept, kernels=kernels, known=known, ledger=state, fresh=fresh)
        durations = _run_notebooks(plan, pages, folder / "failed", steps)
        begun = time.monotonic()
        facts = _collect(job, plan, build, report, durations, kept=kept, given=parameters or {}, only=only)
        _make_pages(job, build, report, facts, started=started)
        shutil.rmtree(folder / "failed", ignore_errors=True)
        published = _publish(build, folder, report.as_of, whole=not only)
        steps.say("pages", time.monotonic() - begun)
    return published


def _make_ledger(job: Job, folder: Path, known: Kept, *, fresh: bool = False) -> tuple[LedgerReport, str, bool]:
    """Make a job's ledger in a folder, or take it from the last run.

    Returns
    -------
    What the ledger found, its state (empty where a file changed while it was read: nothing is taken by that), and whether it
    was taken.
    """
    state = find_ledger_state(job)
    if not fresh and known.restore("ledger", state, folder):
        return ledger.read_report(folder), state, True
    report = build_apart(job, folder)
    if find_ledger_state(job) != state:
        return report, "", False
    return report, state, False


def _keep_ledger(folder: Path, known: Kept, state: str) -> None:
    """Keep a ledger that was just made for the next run."""
    made = [folder / "ledger.json", *(folder / "ledger").glob("*.parquet"), *(folder / "tables").glob("*.parquet")]
    if state:
        known.keep("ledger", state, folder, made)


def check_date(job: Job, report: LedgerReport) -> None:
    """Refuse a snapshot date that nobody asked for and that lies ahead: one mistyped date would move the whole report.

    Raises
    ------
    DataError
        Says the date and the remedy.
    """
    tomorrow = _now().date() + dt.timedelta(days=1)  # somewhere it is tomorrow already
    if job.as_of is None and report.as_of > tomorrow:
        facts = {"file": report.newest["file"], "line": report.newest["line"], "as_of": report.as_of}
        raise DataError(
            told(
                "{file}, line {line}: the last order is dated {as_of}, which is still to come. Correct the date in the source, "
                "or say `as_of:` in the job file.",
                **facts,
            )
            if report.newest["line"]
            else told(
                "{file}: the last order is dated {as_of}, which is still to come. Correct the date in the source, or say "
                "`as_of:` in the job file.",
                **facts,
            ),
            rule="date_ahead",
            file=str(report.newest["file"]),
            line=report.newest["line"],
            column="order_date",
            value=str(report.as_of),
        )


def make_table(job: Job, draft: Path, table: str) -> list[str]:
    """Run on the draft what makes ``table`` and is not there, or was made of other settings, tables or code.

    Returns
    -------
    The names of the notebooks that ran; none if all is as it should be, or no notebook writes the table.
    """
    from kalib.publish.kernels import Kernels

    notebooks = read_notebooks(job)
    writers = [notebook.name for notebook in notebooks if table in notebook.writes]
    if not writers:
        return []
    with _locked(draft, wait_for_it=True):
        plan = plan_notebooks(notebooks, only=writers, tables={*ledger.read_report(draft).tables})
        kernels = Kernels(folder=job.root, expected=len(plan))
        pages = _Draft(job, draft, plan, kernels)
        if all(map(pages.is_current, plan)):
            return []
        with kernels:
            _run_notebooks(plan, pages, draft / "failed", _Steps(None, 0))
    return pages.made


def accept_table(job: Job, draft: Path, name: str) -> None:
    """Take what the notebook of that name has just left in the draft, run by hand, for its tables of today's settings."""
    from kalib.publish.kernels import Kernels

    plan = [notebook for notebook in read_notebooks(job) if notebook.name == name and not notebook.trouble]
    with _locked(draft, wait_for_it=True):
        pages = _Draft(job, draft, plan, Kernels(folder=job.root))
        for notebook in plan:
            pages.accept(notebook)


def refresh_draft(job: Job, draft: Path) -> bool:
    """Make the draft's ledger if there is none, or if its settings, its files or the code changed; then all else in it goes.

    A change inside a database is not noticed. Settings of a topic change no ledger.

    Returns
    -------
    Whether anything was made.
    """
    with _locked(draft, wait_for_it=True):
        mark = draft / STATE
        write_settings(job, draft)
        if mark.is_file() and mark.read_text(encoding="utf-8") == find_ledger_state(job):
            return False
        mark.unlink(missing_ok=True)
        known = Kept(draft.parent / KEPT if is_all_seen(job) else None)
        report, state, taken = _make_ledger(job, draft, known)
        if not taken:
            _keep_ledger(draft, known, state)
        for file in (draft / "tables").glob("*.parquet"):
            if file.stem not in report.tables:
                file.unlink()
        for made in ("records", "models", "states"):
            shutil.rmtree(draft / made, ignore_errors=True)
        mark.write_text(state, encoding="utf-8")
        return not taken


def _read_records(folder: Path) -> dict[str, dict]:
    return {file.stem: read_json(file) for file in sorted(folder.glob("*.json"))}


class _Steps:
    """Counts what is done and says it."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def say(self, what: str, seconds: float, *, taken: bool = False) -> None:
        self._done += 1
        if self._progress:
            text = f"{what} unchanged, taken from the last run" if taken else f"{what} done in {seconds:.1f} s"
            self._progress(Step(self._done, self._total, text))


_HELD = "process "
"""How a lock file begins."""
_NO_FILE = (errno.ELOOP, errno.EMLINK, errno.EISDIR, errno.ENXIO)
"""What opening a link, as it is called here and there, a folder or a pipe ends in."""


@contextmanager
def _locked(folder: Path, *, wait_for_it: bool = False) -> Iterator[None]:
    """Hold the lock of a folder; a folder that was made for it and stays empty, as when the data is refused, goes again."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / ".lock"
    with _open_lock(mark) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait_for_it else fcntl.LOCK_NB))
        except BlockingIOError:
            lock.seek(0)
            who = lock.read().strip()
            raise BusyError(
                told("another run of `{job}` is under way ({who}). Wait for its end.", job=folder.name, who=who)
            ) from None
        lock.truncate(0)
        lock.write(f"{_HELD}{os.getpid()}, since {_now():%Y-%m-%d %H:%M} UTC")
        lock.flush()
        try:
            yield
        finally:
            if made and list(folder.iterdir()) == [mark]:
                mark.unlink()
                for path in made:
                    if not any(path.iterdir()):
                        path.rmdir()


def _open_lock(mark: Path) -> TextIO:
    """Open a lock file, and no other: it is written to, and a name can lead to anybody's file."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        lock = os.fdopen(os.open(mark, flags, 0o644), "a+", encoding="utf-8", errors="replace")
    except OSError as error:
        if error.errno not in _NO_FILE:
            raise
        raise SettingsError(
            told("{mark}: a lock file of kalib's must stand here, and this leads elsewhere. Remove it.", mark=mark)
        ) from None
    lock.seek(0)
    if not stat.S_ISREG(os.fstat(lock.fileno()).st_mode) or lock.read(len(_HELD)) not in ("", _HELD):
        lock.close()
        raise SettingsError(
            told("{mark}: a lock file of kalib's must stand here, and this is another file. Move it away.", mark=mark)
        )
    return lock


@contextmanager
def _build_folder(folder: Path) -> Iterator[Path]:
    """Give a folder to build in; whatever is left of it in the end, or of a run that was killed, goes."""
    for left in folder.glob(".build-*"):
        shutil.rmtree(left, ignore_errors=True)
    build = Path(tempfile.mkdtemp(prefix=".build-", dir=folder))
    build.chmod(0o755)
    try:
        yield build
    finally:
        shutil.rmtree(build, ignore_errors=True)


@dataclass(frozen=True)
class _Done:
    """What became of a notebook: how long it took, and whether it was taken from the last run."""

    seconds: float
    taken: bool


class _Pages:
    """The pages of a run, one for each notebook and language. The first language's make the tables, the others show them.

    Parameters
    ----------
    kept : what earlier runs decided
    known : what was made the last time
    ledger : the state of the run's ledger
    fresh : whether all is made again
    """

    def __init__(
        self,
        job: Job,
        build: Path,
        plan: Sequence[Notebook],
        *,
        kept: Mapping[str, Literal],
        kernels: Kernels,
        known: Kept,
        ledger: str,
        fresh: bool = False,
    ) -> None:
        self.job, self.build, self.kernels = job, build, kernels
        self.known, self.ledger, self.fresh = known, ledger, fresh
        decided = {name: value for name, value in kept.items() if name in SETTINGS}
        self.parameters = {notebook.name: choose_parameters(notebook, job, kept=decided) for notebook in plan}
        about = {n.name: {"reads": n.reads, "writes": n.writes, "parameters": self.parameters[n.name]} for n in plan}
        write_json(build / "plan.json", about)

    def make(self, notebook: Notebook) -> _Done:
        """Take a notebook's pages and tables from the last run, or execute it and show it in each language."""
        started = time.monotonic()
        for record in self._records(notebook):
            record.unlink(missing_ok=True)
        state = self._find_state(notebook)
        name, wanted = notebook.name, self._files(notebook)
        names = [file.relative_to(self.build).as_posix() for file in wanted]
        may_be_taken = bool(self.ledger) and not self.fresh and is_shipped(notebook)
        if may_be_taken and self.known.restore(name, state, self.build, wanted=names):
            return _Done(time.monotonic() - started, taken=True)
        self._execute(notebook)
        if self.ledger and is_shipped(notebook):
            self.known.keep(name, state, self.build, [*wanted, *self._made(notebook)])
        return _Done(time.monotonic() - started, taken=False)

    def last_page(self, notebook: Notebook) -> Path:
        """Return the page of a notebook that was written last."""
        pages = [self._page(notebook, language) for language in self.job.language]
        return ([page for page in pages if page.is_file()] or pages)[-1]

    def _execute(self, notebook: Notebook) -> None:
        first, *others = self.job.language
        given = {
            "job": self.job.file.resolve().relative_to(self.job.root).as_posix(),
            "run": str(self.build),
            **self.parameters[notebook.name],
        }
        self.kernels.execute(
            notebook,
            parameters={**given, "language": first},
            output=self._page(notebook, first),
            again={self._page(notebook, language): {**given, "language": language} for language in others},
        )
        for record in self._records(notebook):
            _check_record(notebook, record)

    def _find_state(self, notebook: Notebook) -> str:
        parameters = self.parameters[notebook.name]
        return find_state(notebook, self.job, self.build, parameters=parameters, ledger=self.ledger)

    def _files(self, notebook: Notebook) -> list[Path]:
        """Return the files that every run of a notebook leaves: its pages and its records."""
        return [*(self._page(notebook, language) for language in self.job.language), *self._records(notebook)]

    def _made(self, notebook: Notebook) -> list[Path]:
        """Return the tables and models that it left."""
        record = read_json(self._records(notebook)[0])
        tables = [self.build / "tables" / f"{table}.parquet" for table in record["tables"]]
        return tables + [self.build / "models" / f"{model}.skops" for model in record["models"]]

    def _page(self, notebook: Notebook, language: str) -> Path:
        return self._folder("notebooks", language) / notebook.file.name

    def _records(self, notebook: Notebook) -> list[Path]:
        return [self._folder("records", language) / f"{notebook.name}.json" for language in self.job.language]

    def _folder(self, name: str, language: str) -> Path:
        return self.build / name / ("" if language == self.job.language[0] else language)


class _Draft(_Pages):
    """The pages of the draft: what stands there and is of today's state stays, made by hand or not.

    Attributes
    ----------
    made : the names of the notebooks that ran or were taken from the last run
    """

    def __init__(self, job: Job, draft: Path, plan: Sequence[Notebook], kernels: Kernels) -> None:
        write_settings(job, draft)
        super().__init__(
            job.model_copy(update={"language": job.language[:1]}),
            draft,
            plan,
            kept=kept_decisions(draft.parent, ledger.read_report(draft).as_of),
            kernels=kernels,
            known=Kept(draft.parent / KEPT if is_all_seen(job) else None),
            ledger=(draft / STATE).read_text(encoding="utf-8"),
        )
        self.made: list[str] = []

    def make(self, notebook: Notebook) -> _Done:
        """Leave a notebook's tables as they are, or make them."""
        if self.is_current(notebook):
            return _Done(0.0, taken=True)
        done = super().make(notebook)
        self.accept(notebook)
        self.made.append(notebook.name)
        return done

    def is_current(self, notebook: Notebook) -> bool:
        """Say whether a notebook's tables are there and of today's state."""
        return is_current(notebook, self.build, self._find_state(notebook))

    def accept(self, notebook: Notebook) -> None:
        """Remember that a notebook's tables are of today's state."""
        mark_current(notebook, self.build, self._find_state(notebook))


def _run_notebooks(plan: Sequence[Notebook], pages: _Pages, failed: Path, steps: _Steps) -> dict[str, float]:
    """Make the pages of the notebooks.

    Returns
    -------
    The seconds of each notebook.
    """
    seconds: dict[str, float] = {}
    with closing(_run_plan(plan, pages, failed)) as ended:  # a signal between two notebooks ends the kernels too
        for notebook, done in ended:
            steps.say(notebook.name, done.seconds, taken=done.taken)
            seconds[notebook.name] = round(done.seconds, 1)
    return seconds


def _run_plan(plan: Sequence[Notebook], pages: _Pages, failed: Path) -> Iterator[tuple[Notebook, _Done]]:
    """Run each notebook as soon as the tables it reads are there, a few at a time; the first failure ends all."""
    waiting = list(plan)
    under_way: dict[Future[_Done], Notebook] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            while waiting or under_way:
                due = {table for notebook in (*waiting, *under_way.values()) for table in notebook.writes}
                ready = [notebook for notebook in waiting if not due & set(notebook.reads)]
                for notebook in ready[: AT_ONCE - len(under_way)]:
                    waiting.remove(notebook)
                    under_way[pool.submit(_make_in, speaks(), pages, notebook)] = notebook
                done, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in sorted(done, key=lambda future: under_way[future].name):
                    notebook = under_way.pop(future)
                    try:
                        yield notebook, future.result()
                    except NotebookError as error:
                        raise _keep_failed(pages.last_page(notebook), failed, error) from None
        finally:
            if waiting or under_way:
                pages.kernels.stop()


def _make_in(language: str, pages: _Pages, notebook: Notebook) -> _Done:
    """Make a notebook's pages in another thread, in the language spoken; of the context nothing else: two threads share no event loop."""
    with speaking(language):
        return pages.make(notebook)


def _check_record(notebook: Notebook, record: Path) -> None:
    if not record.is_file():
        raise NotebookError(
            told(
                "{notebook} did not close its record; its last cell must be `book.close(facts)`", notebook=notebook.name
            )
        )
    done = read_json(record)
    silent = set(notebook.writes) - set(done["tables"]) - set(done["skipped"])
    if silent:
        raise NotebookError(
            told(
                "{notebook} neither wrote nor skipped {tables}, which its metadata says it writes",
                notebook=notebook.name,
                tables=", ".join(f"`{table}`" for table in sorted(silent)),
            )
        )


def _keep_failed(page: Path, failed: Path, error: NotebookError) -> NotebookError:
    """Keep the notebook that failed, as executed, and return the error that says where."""
    if not page.is_file():
        return error
    shutil.rmtree(failed, ignore_errors=True)
    failed.mkdir(parents=True)
    shutil.copyfile(page, failed / page.name)
    return NotebookError(told("{error}. As executed: {page}", error=str(error).rstrip("."), page=failed / page.name))


def _collect(
    job: Job,
    plan: Sequence[Notebook],
    build: Path,
    report: LedgerReport,
    durations: Mapping[str, float],
    *,
    kept: Mapping[str, str | int | float | bool],
    given: Mapping[str, str],
    only: Collection[str],
) -> dict[str, object]:
    """Collect what run.json says of a run."""
    records = _read_records(build / "records")
    extent = measure_report(report, build, until=report.as_of)
    missing = {table: {"reason": reason, "facts": {}, "notebook": ""} for table, reason in report.missing.items()}
    tables = {table: {"rows": rows, "notebook": ""} for table, rows in report.tables.items()}
    stays = {what: value for what, value in kept.items() if getattr(job, what, None) is None}
    decisions = {what: {"value": value, "why": "kept", "notebook": ""} for what, value in stays.items()}
    for name, record in records.items():
        tables |= {table: {"rows": rows, "notebook": name} for table, rows in record["tables"].items()}
        missing |= {table: {**why, "notebook": name} for table, why in record["skipped"].items()}
        decisions |= {what: {**decision, "notebook": name} for what, decision in record["decisions"].items()}
    answers = {job.language[0]: records} | {tag: _read_records(build / "records" / tag) for tag in job.language[1:]}
    return {
        "job": job.job,
        "as_of": report.as_of.isoformat(),
        "made_at": _now().isoformat(timespec="seconds"),
        "kalib": list_versions()["kalib"],
        "versions": list_versions(),
        "parameters": {name: hide_secrets(str(value)) for name, value in given.items()},
        "only": sorted(only),
        "settings": plain_settings(job),
        "settings_hash": hash_settings(job),
        "inputs": report.inputs,
        "engine": report.engine,
        "rows": {
            "read": report.rows_read,
            "used": report.rows_used,
            "set_aside": report.rows_set_aside,
            "customers": report.tables["customers"],
            "sales": report.sales_used,
        },
        "extent": {**asdict(extent), "last_day": extent.last_day.isoformat()},
        "doubts": keep_doubts(report),
        "tables": dict(sorted(tables.items())),
        "missing": dict(sorted(missing.items())),
        "decisions": decisions,
        "models": {name: card for record in records.values() for name, card in record["models"].items()},
        "notebooks": {
            notebook.name: {
                "reads": notebook.reads,
                "writes": notebook.writes,
                "parameters": records[notebook.name]["parameters"],
                "answer": {tag: answers[tag][notebook.name]["answer"] for tag in job.language},
                "facts": records[notebook.name]["facts"],
                "seconds": durations[notebook.name],
            }
            for notebook in plan
        },
    }


def _make_pages(job: Job, build: Path, report: LedgerReport, facts: dict[str, object], *, started: float) -> None:
    from kalib.publish.excel import write_workbook
    from kalib.publish.html import write_pages

    write_json(build / "run.json", facts)
    write_pages(build, languages=job.language, job=job, report=report)
    language = job.language[0]
    write_workbook(build, job, Words(language, currency=job.currency, names=job.names(language)))
    write_json(build / "run.json", {**facts, "seconds": round(time.monotonic() - started, 1)})


def _check_places(folder: Path) -> None:
    """Refuse what stands where a link or a page is to be put, before hours of work and again before anything is moved."""
    latest, index = folder / "latest", folder.parent / "index.html"
    if latest.is_dir() and not latest.is_symlink():
        raise SettingsError(
            told(
                "{latest} is a folder, not a link; kalib lets it point to the newest run. Move it away.", latest=latest
            )
        )
    if index.is_dir() and not index.is_symlink():
        raise SettingsError(
            told("{index} is a folder; kalib writes the page above all jobs there. Move it away.", index=index)
        )


def _publish(build: Path, folder: Path, as_of: dt.date, *, whole: bool) -> Path:
    """Put a finished build in its place, write the page above all jobs, and last let ``latest`` point to it.

    Whatever fails before that takes the build out of its place again. A run of an earlier date than the last one, or of
    some pages only, is no newer word on the business: ``latest`` stays as it is.
    """
    _check_places(folder)
    last = find_last_run(folder)
    newest = whole and (last is None or as_of.isoformat() >= last[1]["as_of"])
    for name in ("ledger", "records", "snapshots"):  # what all was made from; run.json has what counts of it
        shutil.rmtree(build / name, ignore_errors=name == "snapshots")
    for name in ("settings.json", "plan.json"):
        (build / name).unlink()
    sync(build)
    published = next_run(folder, as_of.isoformat())
    link = folder / f".latest-{os.getpid()}"
    with ExitStack() as undo:
        undo.callback(link.unlink, missing_ok=True)
        link.unlink(missing_ok=True)
        if newest:
            link.symlink_to(published.name)
        build.rename(published)
        undo.callback(published.rename, build)
        _write_index(folder.parent, published if newest else None)
        if newest:
            link.replace(folder / "latest")
        undo.pop_all()
    if not newest:
        _say_beside(published, folder, last[0] if last else None, whole=whole)
    return published


def _say_beside(published: Path, folder: Path, last: Path | None, *, whole: bool) -> None:
    """Tell that a run was published beside the newest one, and why."""
    stays = (
        told("`latest` stays at {run}", run=last.name)
        if last and (folder / "latest").is_symlink()
        else told("`latest` is not set")
    )
    said = (
        told("{run} is of an earlier date than the last run: {stays}.", run=published.name, stays=stays)
        if whole
        else told("{run} has some of the pages only: {stays}.", run=published.name, stays=stays)
    )
    print(f"kalib: {said}", file=sys.stderr, flush=True)


def _write_index(reports: Path, published: Path | None) -> None:
    from kalib.publish.index import write_index

    try:
        write_index(reports, newest=published)
    except OSError as error:
        raise find_shortage(error) or SettingsError(
            told(
                "{file}: the page above all jobs cannot be written ({strerror}). Nothing was published. See that the "
                "folder may be written, or name another place with `--out`.",
                file=reports / "index.html",
                strerror=error.strerror or error,
            )
        ) from None


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
