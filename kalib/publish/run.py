"""How does a job become a folder of reports? All of it aside first, then put in place in one step, or not at all."""

from __future__ import annotations

import datetime as dt
import errno
import fcntl
import hashlib
import json
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
    progress: Progress | None = None,
) -> Path:
    """Make the reports of a job and publish them.

    Parameters
    ----------
    job : settings, overrides applied
    parameters : the overrides as they were given, for run.json
    only : topics to run, with what they need; empty: all
    out : folder for the reports of all jobs; default: ``reports`` beside the job's data
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
        report = build_apart(job, build)
        check_date(job, report)
        check_last_run(job, report, build, folder, given=parameters or {})
        plan = plan_notebooks(notebooks, only=only, tables=report.tables)
        steps = _Steps(progress, total=2 + len(plan))
        steps.say("ledger", time.monotonic() - started)
        write_settings(job, build)
        kept = kept_decisions(folder, report.as_of)
        durations = _run_notebooks(job, plan, build, folder / "failed", kept=kept, kernels=kernels, steps=steps)
        begun = time.monotonic()
        facts = _collect(job, plan, build, report, durations, kept=kept, given=parameters or {}, only=only)
        _make_pages(job, build, report, facts, started=started)
        shutil.rmtree(folder / "failed", ignore_errors=True)
        published = _publish(build, folder, report.as_of, whole=not only)
        steps.say("pages", time.monotonic() - begun)
    return published


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
    """Run on the draft what makes ``table`` and is missing there.

    Returns
    -------
    The names of the notebooks that ran; none if no notebook writes the table.
    """
    from kalib.publish.kernels import Kernels

    notebooks = read_notebooks(job)
    writers = [notebook.name for notebook in notebooks if table in notebook.writes]
    if not writers:
        return []
    with _locked(draft, wait_for_it=True):
        report = ledger.read_report(draft)
        there = {file.stem for file in (draft / "tables").glob("*.parquet")} | _skipped(draft)
        plan = plan_notebooks(notebooks, only=writers, tables=there)
        plan = [notebook for notebook in plan if not set(notebook.writes) <= there]
        write_settings(job, draft)
        kept = kept_decisions(draft.parent, report.as_of)
        first = job.model_copy(update={"language": job.language[:1]})
        with Kernels(folder=job.root, expected=len(plan)) as kernels:
            _run_notebooks(first, plan, draft, draft / "failed", kept=kept, kernels=kernels, steps=_Steps(None, 0))
    return [notebook.name for notebook in plan]


def refresh_draft(job: Job, draft: Path) -> bool:
    """Make the draft's ledger if there is none, or if the job's settings or files changed; then all else in it goes.

    A change inside a database is not noticed.

    Returns
    -------
    Whether anything was made.
    """
    with _locked(draft, wait_for_it=True):
        mark = draft / "state"
        state = _state_of(job)
        if mark.is_file() and mark.read_text(encoding="utf-8") == state:
            return False
        report = build_apart(job, draft)
        for file in (draft / "tables").glob("*.parquet"):
            if file.stem not in report.tables:
                file.unlink()
        for made in ("records", "models"):
            shutil.rmtree(draft / made, ignore_errors=True)
        write_settings(job, draft)
        mark.write_text(state, encoding="utf-8")
        return True


_NO_MATTER = {"title", "note", "language", "notebooks", "tier_names"}
"""Settings that no table of the ledger depends on."""


def _state_of(job: Job) -> str:
    from kalib.ledger.read import find_files, hash_file

    others = [
        job.path(name)
        for beside in (job.accounts, job.contacts, job.costs, job.targets)
        if beside
        for name in beside.source
    ]
    files = [file for file in [*find_files(job), *others] if file.is_file()]
    seen = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    settings = job.model_dump(mode="json", exclude=_NO_MATTER)
    # Another kalib makes another draft.
    code = [hash_file(file) for file in sorted(Path(__file__).parents[1].rglob("*.py"))]
    return hashlib.sha256(json.dumps([settings, seen, code], sort_keys=True).encode()).hexdigest()


def _skipped(folder: Path) -> set[str]:
    return {table for record in _read_records(folder / "records").values() for table in record["skipped"]}


def _read_records(folder: Path) -> dict[str, dict]:
    return {file.stem: read_json(file) for file in sorted(folder.glob("*.json"))}


class _Steps:
    """Counts what is done and says it."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def say(self, what: str, seconds: float) -> None:
        self._done += 1
        if self._progress:
            self._progress(Step(self._done, self._total, f"{what} done in {seconds:.1f} s"))


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
class _Pages:
    """The pages of a run, one for each notebook and language. The first language's make the tables, the others show them."""

    job: Job
    build: Path
    parameters: Mapping[str, Mapping[str, Literal]]
    kernels: Kernels

    def execute(self, notebook: Notebook) -> float:
        """Execute a notebook, show it in each language and return the seconds it took."""
        started = time.monotonic()
        first, *others = self.job.language
        for language in self.job.language:
            self._record(notebook, language).unlink(missing_ok=True)
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
        for language in self.job.language:
            _check_record(notebook, self._record(notebook, language))
        return time.monotonic() - started

    def last_page(self, notebook: Notebook) -> Path:
        """Return the page of a notebook that was written last."""
        pages = [self._page(notebook, language) for language in self.job.language]
        return ([page for page in pages if page.is_file()] or pages)[-1]

    def _page(self, notebook: Notebook, language: str) -> Path:
        return self._folder("notebooks", language) / notebook.file.name

    def _record(self, notebook: Notebook, language: str) -> Path:
        return self._folder("records", language) / f"{notebook.name}.json"

    def _folder(self, name: str, language: str) -> Path:
        return self.build / name / ("" if language == self.job.language[0] else language)


def _run_notebooks(
    job: Job,
    plan: Sequence[Notebook],
    build: Path,
    failed: Path,
    *,
    kept: Mapping[str, Literal],
    kernels: Kernels,
    steps: _Steps,
) -> dict[str, float]:
    """Run the notebooks, each in every language of the job.

    Returns
    -------
    The seconds of each notebook.
    """
    kept = {name: value for name, value in kept.items() if name in SETTINGS}
    parameters = {notebook.name: choose_parameters(notebook, job, kept=kept) for notebook in plan}
    about = {n.name: {"reads": n.reads, "writes": n.writes, "parameters": parameters[n.name]} for n in plan}
    write_json(build / "plan.json", about)
    seconds: dict[str, float] = {}
    pages = _Pages(job, build, parameters, kernels)
    with closing(_run_plan(plan, pages, failed)) as ended:  # a signal between two notebooks ends the kernels too
        for notebook, took in ended:
            steps.say(notebook.name, took)
            seconds[notebook.name] = round(took, 1)
    return seconds


def _run_plan(plan: Sequence[Notebook], pages: _Pages, failed: Path) -> Iterator[tuple[Notebook, float]]:
    """Run each notebook as soon as the tables it reads are there, a few at a time; the first failure ends all."""
    waiting = list(plan)
    under_way: dict[Future[float], Notebook] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            while waiting or under_way:
                due = {table for notebook in (*waiting, *under_way.values()) for table in notebook.writes}
                ready = [notebook for notebook in waiting if not due & set(notebook.reads)]
                for notebook in ready[: AT_ONCE - len(under_way)]:
                    waiting.remove(notebook)
                    under_way[pool.submit(_execute_in, speaks(), pages, notebook)] = notebook
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


def _execute_in(language: str, pages: _Pages, notebook: Notebook) -> float:
    """Execute a notebook in another thread, in the language spoken; of the context nothing else: two threads share no event loop."""
    with speaking(language):
        return pages.execute(notebook)


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
