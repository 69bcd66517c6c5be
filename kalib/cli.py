"""What can be asked of kalib on the command line? Results go to stdout, progress and refusals to stderr."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from kalib import interpreter
from kalib.errors import DataError, DoubtError, KalibError, SettingsError, ShortageError
from kalib.words.told import Told, speak, told

if TYPE_CHECKING:
    from kalib.ledger import LedgerReport
    from kalib.publish.run import Step
    from kalib.settings import Job

app = typer.Typer(
    name="kalib",
    help="The key-account workbook: from a transaction log to a folder of reports.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
JobFile = Annotated[Path, typer.Argument(metavar="JOB.yaml", help="The job file.", show_default=False)]
JobFiles = Annotated[list[Path], typer.Argument(metavar="JOB.yaml...", help="Job files.", show_default=False)]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder of reports. Default: beside the data.")]


def main() -> None:
    """Run the command line; a refusal is one message on stderr and an exit code, never a stack trace."""
    _stopped.clear()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # started with nohup
            signal.signal(number, _stop)
    try:
        _check_open_files()
        app(prog_name="kalib")
    except KalibError as error:
        raise SystemExit(_refuse(error)) from None
    except BrokenPipeError:  # the reader of our output left, as `kalib list | head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except (OSError, MemoryError) as error:  # a full disk, a folder that may not be written
        raise SystemExit(_refuse(_explain(error))) from None
    finally:
        if _stopped:  # whatever its SystemExit became on the way, as in a module that was just being imported
            raise SystemExit(128 + _stopped[0])


_OPEN_FILES = 256
"""A run has some hundred files and sockets open at once; this is what the most frugal of systems gives."""
_stopped: list[int] = []


def _check_open_files() -> None:
    """Take as many open files as the system lets this process have, and refuse to begin with too few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= _OPEN_FILES:
        return
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if wanted < _OPEN_FILES:
        raise SettingsError(
            told(
                "this process may have {hard} files open at once, and kalib needs {needed}. Give it more before it "
                "starts, as with `ulimit -n {needed}`; whoever runs the machine can raise what is allowed.",
                hard=hard,
                needed=_OPEN_FILES,
            )
        )


def _stop(number: int, frame: FrameType | None) -> None:
    _stopped.append(number)
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)  # one is enough: what is under way is being cleared away
    print(
        told("kalib: interrupted ({signal}); what was under way is not published.", signal=signal.Signals(number).name),
        file=sys.stderr,
        flush=True,
    )
    raise SystemExit(128 + number)


def _explain(error: OSError | MemoryError) -> KalibError:
    from kalib.ledger.room import find_shortage

    return find_shortage(error) or SettingsError(f"{error}.")


def _refuse(error: KalibError) -> int:
    print(f"kalib: {error}", file=sys.stderr, flush=True)
    return error.exit_code


@app.command()
def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of orders.", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", metavar="JOB.yaml", help="The job file to write.")] = None,
) -> None:
    """Look at an orders file, guess its columns, write a job file."""
    from kalib.ledger.apart import write_job_file_apart

    print(write_job_file_apart(file, out, say=_say))


@app.command()
def check(
    job_file: JobFile,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    tables: Annotated[
        Path | None, typer.Option("--tables", metavar="DIR", help="Also write customers.parquet and set_aside.parquet.")
    ] = None,
) -> None:
    """Read and judge the data and the settings; run no notebook."""
    try:
        report = _check(job_file, tables)
    except KalibError as error:
        if as_json:
            print(json.dumps(_refusal(error), ensure_ascii=False, indent=1))
        raise
    if as_json:
        print(json.dumps(_describe(report), ensure_ascii=False, indent=1, default=str))
    else:
        _print_report(report)


def _check(job_file: Path, tables: Path | None) -> LedgerReport:
    import shutil
    import tempfile
    from functools import partial

    from kalib.ledger.apart import build_apart, judge_apart
    from kalib.ledger.whole import write_whole
    from kalib.publish.checks import check_job
    from kalib.publish.places import reports_folder
    from kalib.publish.plan import check_parameters, read_notebooks
    from kalib.publish.run import check_date, check_last_run
    from kalib.settings import read_job

    job = read_job(job_file)
    speak(job.language[0])
    _mention_notebooks(job)
    if job.parameters:
        check_parameters(job, read_notebooks(job))
    check_job(job)
    with tempfile.TemporaryDirectory(prefix="kalib-") as scratch:
        make = judge_apart if tables is None else build_apart
        report = make(job, Path(scratch), say=_say)
        check_date(job, report)
        check_last_run(job, report, Path(scratch), reports_folder(job) / job.job)
        if tables is not None:
            tables.mkdir(parents=True, exist_ok=True)
            for name in ("customers.parquet", "set_aside.parquet"):
                write_whole(tables / name, partial(shutil.copyfile, Path(scratch) / "tables" / name))
    return report


def _describe(report: LedgerReport) -> dict[str, object]:
    from kalib.ledger.doubts.finding import show

    return {
        "rows_read": report.rows_read,
        "rows_used": report.rows_used,
        "rows_set_aside": report.rows_set_aside,
        "as_of": report.as_of.isoformat(),
        "net_sales": report.sales_used,
        "customers": report.tables["customers"],
        "issues": [{**issue, "message": _in_words(issue)} for issue in (*report.issues, *report.companions)],
        "doubts": [show(doubt) for doubt in report.doubts],
        "inputs": report.inputs,
    }


def _refusal(error: KalibError) -> dict[str, object]:
    where = {"rule": "settings", "file": None, "line": None, "column": None, "value": None}
    if isinstance(error, DataError):
        where = {name: getattr(error, name) for name in where}
    elif isinstance(error, ShortageError):
        where["rule"] = "shortage"
    issue = {**where, "action": "refused", "count": 1, "message": str(error)}
    doubts = error.doubts if isinstance(error, DoubtError) else []
    if doubts:
        from kalib.ledger.doubts.finding import show

        issue["count"] = next((one["count"] for one in doubts if one["doubt"] == error.rule), 1)
        doubts = [show(one) for one in doubts]
    return {"rows_read": None, "rows_used": None, "rows_set_aside": None, "issues": [issue], "doubts": doubts}


_ACTIONS = {
    "accepted": told("accepted"),
    "repaired": told("repaired"),
    "set_aside": told("set_aside"),
    "refused": told("refused"),
}


def _print_report(report: LedgerReport) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    said = told(
        "{read:,} rows read, {used:,} used, {aside:,} set aside; as of {as_of}",
        read=report.rows_read,
        used=report.rows_used,
        aside=report.rows_set_aside,
        as_of=report.as_of,
    )
    console.print(str(said))
    for line in _list_doubts(report):
        console.print(_plain(line), soft_wrap=True)
    issues = [*report.issues, *report.companions]
    if issues:
        head = map(str, (told("action"), told("rule"), told("rows"), told("first at"), told("what")))
        table = Table(*head, box=None, pad_edge=False, header_style="bold")
        for issue in issues:
            first = issue["file"] if issue["file"] is not None else ""
            if issue["line"] is not None:
                first = told("{file}, line {line}", file=first, line=issue["line"])
            cells = (_ACTIONS[issue["action"]], issue["rule"], f"{issue['count']:,}", first, _in_words(issue))
            table.add_row(*(_plain(str(cell)) for cell in cells))
        console.print(table)


def _in_words(issue: Mapping[str, object]) -> str:
    """Return what is said of a rule: a sentence of its own, without facts, kept in English."""
    return str(told(str(issue["message"])))


def _list_doubts(report: LedgerReport) -> list[str]:
    """Return a line for each doubt that the job settled or that may stand: how it was settled, and what it moves."""
    lines = []
    for doubt in report.doubts:
        facts = {"doubt": doubt["doubt"], "says": Told.restored(doubt["says"])}
        if doubt["settled"]:
            chosen = [Told.restored(one["says"]) for one in doubt["readings"] if one["reading"] == doubt["settled"]]
            line = told("{doubt}, settled ({reading}): {says}", reading=[*chosen, doubt["settled"]][0], **facts)
        else:
            line = told("{doubt}, may stand: {says}", **facts)
        if doubt["share_of_money"] and "share" not in facts["says"].facts:
            line = told(
                "{said} That is {share:.1%} of the money, in {count:,} rows.",
                said=line,
                share=abs(doubt["share_of_money"]),
                count=doubt["count"],
            )
        lines.append(str(line))
    return lines


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


@app.command()
def run(
    job_files: JobFiles,
    parameters: Annotated[
        list[str] | None,
        typer.Option("-p", metavar="key=value", help="Override a setting, or NN_name.key of a notebook."),
    ] = None,
    only: Annotated[str, typer.Option("--only", metavar="a,b", help="Only these topics and what they need.")] = "",
    out: Out = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make everything, also what is as in the last run.")] = False,
    open_page: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
) -> None:
    """Run the whole workbook and publish its pages, tables and workbook."""
    overrides = _read_overrides(parameters or [])
    topics = [word.strip() for word in only.split(",") if word.strip()]
    codes, said = [0], set()
    for job_file in job_files:
        try:
            published = _run(job_file, overrides=overrides, only=topics, out=out, fresh=fresh)
        except KalibError as error:
            codes.append(_refuse(error))
            continue
        index = published.parent.parent / "index.html"
        lines = [index, published] if index not in said else [published]
        said.add(index)
        try:
            print(*lines, sep="\n", flush=True)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise SettingsError(
                told(
                    "{published} is published, but its name cannot be printed: {error}.",
                    published=published,
                    error=error,
                )
            ) from None
        if open_page:
            import webbrowser

            webbrowser.open((published / "index.html").as_uri())
    raise typer.Exit(max(codes))


def _run(job_file: Path, *, overrides: dict[str, str], only: list[str], out: Path | None, fresh: bool) -> Path:
    from kalib.settings import read_job

    job = read_job(job_file, overrides)
    speak(job.language[0])
    _mention_notebooks(job)
    from kalib.publish.run import run_job

    with _showing_progress(job) as progress:
        try:
            return run_job(job, parameters=overrides, only=only, out=out, fresh=fresh, progress=progress)
        except BrokenPipeError:
            raise
        except (OSError, MemoryError) as error:
            short = _explain(error)
            if isinstance(short, ShortageError):
                written, published = told("Nothing was written"), told("Nothing was published")
                raise ShortageError(str(short).replace(str(written), str(published))) from None
            raise SettingsError(
                told("{error}. Nothing was published; name another place with `--out`.", error=error)
            ) from None


def _mention_notebooks(job: Job) -> None:
    """Tell of notebooks beside the data: they are code, and run only where the job says so."""
    from kalib.publish.plan import find_unasked

    if folder := find_unasked(job):
        _say(
            told(
                "kalib: the notebooks in {folder} are not run. If they are yours, say `notebooks: notebooks` in "
                "{job_file}.",
                folder=folder,
                job_file=job.file,
            )
        )


def _read_overrides(parameters: list[str]) -> dict[str, str]:
    overrides: dict[str, str] = {}
    for text in parameters:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise SettingsError(told("-p {given}: must be `key=value`, as in `-p horizon_days=60`.", given=text))
        overrides[key.strip()] = value
    return overrides


@contextmanager
def _showing_progress(job: Job) -> Iterator[Callable[[Step], None]]:
    """Give what shows each step: a bar in a terminal, elsewhere one plain line a step."""
    if not sys.stderr.isatty():
        yield lambda step: _say(f"{job.job}: {step.text}")
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(job.job, total=None)
        yield lambda step: bar.update(
            task, description=f"{job.job}: {step.text}", completed=step.done, total=step.total
        )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@app.command("list")
def list_runs(out: Out = None) -> None:
    """List the published runs."""
    from rich.console import Console
    from rich.table import Table

    from kalib.publish.places import find_reports
    from kalib.publish.record import sound_runs

    reports = out or find_reports()
    head = map(str, (told("job"), told("as of"), told("made at"), told("folder")))
    table = Table(*head, box=None, pad_edge=False, header_style="bold")
    jobs = sorted(path for path in reports.iterdir() if path.is_dir()) if reports.is_dir() else []
    for folder, facts in (run for job in jobs for run in sound_runs(job)):
        table.add_row(facts["job"], facts["as_of"], facts["made_at"][:16].replace("T", " "), str(folder))
    if table.row_count:
        Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 1000).print(table)
    else:
        _say(told("No run is published in {reports}. `kalib run JOB.yaml` makes one.", reports=reports))


@app.command()
def lab(
    job_file: JobFile,
    options: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- OPTIONS]", help="Options of JupyterLab's own, after `--`.", show_default=False),
    ] = None,
) -> None:
    """Open JupyterLab with the job's tables ready in its draft; what follows `--`, as `--port 9999`, is passed on to it."""
    import shutil

    from kalib.publish.lab import lab_command
    from kalib.publish.places import is_installed, reports_folder, shipped_folder
    from kalib.publish.run import refresh_draft
    from kalib.settings import read_job

    job = read_job(job_file)
    speak(job.language[0])
    draft = reports_folder(job) / job.job / "draft"
    if refresh_draft(job, draft):
        _say(told("{job}: tables ready in {draft}", job=job.job, draft=draft))
    notebooks = shipped_folder() / "notebooks"
    if is_installed(notebooks):  # what is installed stays as it is: work on copies, and keep those that are there
        copies = draft / "notebooks"
        copies.mkdir(exist_ok=True)
        for file in sorted(notebooks.glob("*.ipynb")):
            if not (copies / file.name).exists():
                shutil.copyfile(file, copies / file.name)
        notebooks = copies
    # Its kernels get both from it; the second one does there what `-P` does here.
    about = {"KALIB_JOB": str(job_file.resolve()), "PYTHONSAFEPATH": "1"}
    os.execve(sys.executable, lab_command(notebooks, options or ()), interpreter.environment() | about)


@app.command()
def get(
    name: Annotated[str, typer.Argument(help="The data set to fetch.", show_default=False)],
    folder: Annotated[Path, typer.Option("--folder", metavar="DIR", help="Where its folder goes.")] = Path("data"),
    url: Annotated[str | None, typer.Option("--url", help="Another place to fetch it from.")] = None,
) -> None:
    """Fetch a public data set."""
    from kalib.publish.get import get as fetch

    print(fetch(name, folder=folder, url=url, say=_say))
