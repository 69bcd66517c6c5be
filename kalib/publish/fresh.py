"""What need not be made again? A ledger or a notebook whose settings, inputs and code are those of the last time.

Each has a state: a hash of all that it is made from. What was made is kept by its state in a folder beside the reports, one of
each, and taken from there as long as the state is the same and the files are what they were.
"""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from kalib.ledger.address import is_url
from kalib.ledger.read import find_files, hash_file
from kalib.ledger.room import find_shortage
from kalib.publish.places import shipped_folder
from kalib.publish.plan import Literal, Notebook
from kalib.publish.record import earlier_runs, kept_decisions, list_versions, read_json, write_json
from kalib.settings import Job

OF_A_TOPIC = ("rfm", "pareto", "tiers", "scorecard", "migration", "leaving", "campaign")
"""Groups of settings that only the notebooks read whose code names them."""

OF_THE_PAGES = (
    *OF_A_TOPIC,
    *("title", "note", "language", "notebooks", "tier_names", "parameters", "tolerance"),
    *("horizon_days", "active_days", "value_months", "discount_rate", "interval"),
)
"""Settings that no table of the ledger depends on."""

_OF_NO_NOTEBOOK = ("title", "note", "language", "notebooks", "parameters", "tolerance", "source")
_ROOT = Path(__file__).parents[1]
_CONTENT = "content.json"
_LEFT_SECONDS = 86_400
"""A half-written entry so old was left by a run that was killed."""


def find_ledger_state(job: Job) -> str:
    """Return the state of a job's ledger: its settings, the bytes of its files, and the code that reads them."""
    beside = [table for table in (job.accounts, job.contacts, job.costs, job.targets) if table]
    files = {*find_files(job), *(job.path(name) for table in beside for name in table.source if not is_url(name))}
    hashes = sorted((str(file), hash_file(file)) for file in files if file.exists())
    settings = job.model_dump(mode="json", exclude=set(OF_THE_PAGES))
    return _hash(settings, hashes, hash_code(apart=("topics", "figures", "publish", "words")), list_versions())


def is_all_seen(job: Job) -> bool:
    """Say whether the state of a job's ledger knows what its sources hold: of a database it does not."""
    beside = [table for table in (job.accounts, job.contacts, job.costs, job.targets) if table]
    return not any(map(is_url, [*job.source, *(name for table in beside for name in table.source)]))


def find_state(notebook: Notebook, job: Job, folder: Path, *, parameters: Mapping[str, Literal], ledger: str) -> str:
    """Return the state of a notebook in a run: its code and parameters, the settings and tables it reads, and what runs before tell.

    Parameters
    ----------
    folder : of the run, with the tables that the notebook reads
    ledger : the state of the run's ledger
    """
    cells = json.loads(notebook.file.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells]
    words = set(re.findall(r"\w+", "\n".join(code)))
    whole = re.search(r"\bbook\.settings\b(?!\.)", "\n".join(code))  # handed on: who knows what is read of it
    unread = [] if whole else [name for name in OF_A_TOPIC if name not in words]
    settings = job.model_dump(mode="json", exclude={*_OF_NO_NOTEBOOK, *unread})
    tables = {name: folder / "tables" / f"{name}.parquet" for name in sorted(notebook.reads)}
    reads = {name: hash_file(file) if file.is_file() else _say_why(name, folder) for name, file in tables.items()}
    as_of = dt.date.fromisoformat(read_json(folder / "ledger.json")["as_of"])
    before = [_describe_run(run) for run in earlier_runs(folder.parent, as_of, level=job.level)]
    models = [
        hash_file(job.path(file)) for file in (job.rfm.model, job.tiers.model) if file and job.path(file).is_file()
    ]
    told = kept_decisions(folder.parent, as_of) if words & {"stated", "kept"} else {}
    made = [ledger, hash_file(folder / "ledger.json"), hash_code()]
    return _hash(code, dict(parameters), settings, job.language[0], reads, before, told, models, made)


@cache
def hash_code(*, apart: tuple[str, ...] = ()) -> str:
    """Return the hash of kalib's own files, without those of some folders: other code makes other tables."""
    files = [file for file in sorted(_ROOT.rglob("*")) if file.is_file() and file.suffix != ".pyc"]
    parts = [(file.relative_to(_ROOT).as_posix(), file) for file in files]
    return _hash([(name, hash_file(file)) for name, file in parts if name.partition("/")[0] not in apart])


class Kept:
    """What was made the last time, in a folder of its own.

    Nothing in it is trusted but by its hash: what is damaged, half-written or of another state is not there.

    Parameters
    ----------
    folder : the place; need not exist. None: nothing is found, and nothing kept
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def restore(self, name: str, state: str, to: Path, *, wanted: Iterable[str] = ()) -> bool:
        """Copy what was kept under a name into a folder, if it is of that state, whole, and has all of ``wanted``.

        Returns
        -------
        Whether it was; else the folder is as before.
        """
        if self._folder is None:
            return False
        entry, copied = self._folder / name, []
        try:
            content = read_json(entry / _CONTENT)
            files = content["files"]
            if content["state"] != state or not set(wanted) <= set(files):
                return False
            for file, digest in files.items():
                place = to / file
                place.parent.mkdir(parents=True, exist_ok=True)
                copied.append(place)
                shutil.copyfile(entry / file, place)
                if hash_file(place) != digest:  # damaged, or another run put its own there meanwhile
                    raise ValueError(file)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            for place in copied:
                place.unlink(missing_ok=True)
            if find_shortage(error) is not None:
                raise
            return False
        return True

    def keep(self, name: str, state: str, folder: Path, files: Sequence[Path]) -> None:
        """Keep files of a folder under a name, in one step; where the disk has no room for them, nothing is kept."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        for left in self._folder.glob(".*"):
            with suppress(FileNotFoundError):  # another run is just done with it
                if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                    shutil.rmtree(left, ignore_errors=True)
        aside = Path(tempfile.mkdtemp(prefix=".", dir=self._folder))
        names = [file.relative_to(folder).as_posix() for file in files]
        try:
            for file in names:
                (aside / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / file, aside / file)
            write_json(aside / _CONTENT, {"state": state, "files": {file: hash_file(aside / file) for file in names}})
            shutil.rmtree(self._folder / name, ignore_errors=True)
            aside.replace(self._folder / name)
        except OSError as error:
            beaten = error.errno in (errno.EEXIST, errno.ENOTEMPTY)  # another run put its own there in this moment
            if not beaten and find_shortage(error) is None:
                raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def is_shipped(notebook: Notebook) -> bool:
    """Say whether a notebook is kalib's own: another one may read what no state knows of."""
    return notebook.file.parent == (shipped_folder() / "notebooks").resolve()


def is_current(notebook: Notebook, draft: Path, state: str) -> bool:
    """Say whether a notebook's tables in the draft were made at this state and are there, or were left out with a reason."""
    mark, record = draft / "states" / notebook.name, draft / "records" / f"{notebook.name}.json"
    if not mark.is_file() or mark.read_text(encoding="utf-8") != state or not record.is_file():
        return False
    skipped = read_json(record)["skipped"]
    return all(table in skipped or (draft / "tables" / f"{table}.parquet").is_file() for table in notebook.writes)


def mark_current(notebook: Notebook, draft: Path, state: str) -> None:
    """Remember at which state a notebook's tables in the draft were made."""
    mark = draft / "states" / notebook.name
    mark.parent.mkdir(exist_ok=True)
    mark.write_text(state, encoding="utf-8")


def _describe_run(run: Path) -> list[object]:
    """Return what tells one published run from another, without reading all of its tables."""
    tables = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in sorted((run / "tables").glob("*"))]
    return [run.name, hash_file(run / "run.json"), tables]


def _say_why(table: str, folder: Path) -> object:
    """Return why a run has no such table, as far as its notebooks told."""
    records = [read_json(file) for file in sorted((folder / "records").glob("*.json"))]
    return [record["skipped"][table] for record in records if table in record["skipped"]]


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
