"""What does a run say of itself? Settings, decisions and versions, as JSON that is whole or as it was."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import platform
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from kalib.errors import SettingsError, nearest
from kalib.ledger.whole import write_whole
from kalib.publish.places import published_runs
from kalib.settings import Job
from kalib.words.told import told

_PACKAGES = ("kalib", "pandas", "numpy", "scipy", "scikit-learn", "duckdb", "ibis-framework", "matplotlib", "papermill")


class _Decision(BaseModel):
    value: str | int | float | bool | None


class _Notebook(BaseModel):
    answer: dict[str, str | None]


class _Extent(BaseModel):
    last_day: dt.date
    rows: int
    customers: int
    money: float
    set_aside_share: float


class _Doubt(BaseModel):
    doubt: str
    settled: str | None = None
    count: int = 0
    share_of_money: float = 0.0
    values: list[str] = Field(default_factory=list)


class _Facts(BaseModel):
    """What every reader of a run.json may rely on."""

    job: str
    as_of: str
    made_at: str
    settings: dict[str, object]
    decisions: dict[str, _Decision]
    missing: dict[str, dict[str, object]]
    notebooks: dict[str, _Notebook] = Field(default_factory=dict)
    extent: _Extent | None = None
    only: list[str] = Field(default_factory=list)
    doubts: list[_Doubt] = Field(default_factory=list)


def read_run(run: Path) -> dict:
    """Read what a published run says of itself.

    Raises
    ------
    ValueError
        The run.json is empty, cut, of another form or not text.
    """
    facts = read_json(run / "run.json")
    _Facts.model_validate(facts)
    return facts


def sound_runs(folder: Path) -> list[tuple[Path, dict]]:
    """Return the published runs of a job with what each says of itself, oldest snapshot date first.

    A run whose run.json is damaged is passed over, and named once on stderr.

    Parameters
    ----------
    folder : the job's folder of reports, ``reports/<job>``
    """
    found = []
    for run in published_runs(folder):
        try:
            found.append((run, read_run(run)))
        except (ValueError, OSError, RecursionError) as error:
            _warn(
                told(
                    "kalib: {file} is damaged ({why}); this run is passed over. Take the file from a copy, or remove the "
                    "folder.",
                    file=run / "run.json",
                    why=_first_line(error),
                )
            )
    return found


def is_whole(facts: Mapping[str, object]) -> bool:
    """Return whether a run has every page; one made with ``--only`` is no word on the job as a whole."""
    return not facts.get("only")


@cache
def _warn(message: str) -> None:
    """Say it once, however many ask for the runs."""
    print(message, file=sys.stderr, flush=True)


def _first_line(error: Exception) -> str:
    """Return what is wrong in one line; of a form that does not fit, the first place."""
    if isinstance(error, ValidationError):
        place, said = error.errors()[0]["loc"], error.errors()[0]["msg"]
        return f"{'.'.join(map(str, place))}: {said}" if place else said
    return next(iter(str(error).splitlines()), type(error).__name__)


def kept_decisions(folder: Path, as_of: dt.date) -> dict[str, str | int | float | bool]:
    """Return what the published runs of a job decided, up to ``as_of``; the newest snapshot date counts.

    What a run of some pages only decided counts where no whole run decided it.

    Parameters
    ----------
    folder : the job's folder of reports
    """
    kept: dict[str, str | int | float | bool] = {}
    for run, facts in sorted(sound_runs(folder), key=lambda run: is_whole(run[1])):
        if run.name[:10] <= as_of.isoformat():
            kept |= {name: decision["value"] for name, decision in facts["decisions"].items()}
    return kept


def earlier_runs(folder: Path, as_of: dt.date, *, level: str) -> list[Path]:
    """Return the published runs of a job with a snapshot date before ``as_of``, oldest first; of each date the newest.

    Parameters
    ----------
    folder : the job's folder of reports
    level : whom an account is (`level` of the job); runs of another one had other accounts
    """
    runs = sorted(sound_runs(folder), key=lambda run: is_whole(run[1]))  # of the same date, a whole one counts
    newest = {run.name[:10]: (run, facts) for run, facts in runs if run.name[:10] < as_of.isoformat()}
    return [run for _, (run, facts) in sorted(newest.items()) if facts["settings"].get("level", "customer") == level]


def write_settings(job: Job, folder: Path) -> None:
    """Write the settings of a run, overrides applied and without passwords, for its notebooks to read."""
    write_json(folder / "settings.json", plain_settings(job))


def plain_settings(job: Job) -> dict[str, object]:
    """Return the settings as they may be shown: no password, no path of the machine beside what the job file says."""
    settings = job.model_dump(mode="json", exclude_unset=True)
    settings["source"] = [hide_secrets(source) for source in job.source]
    if job.engine:
        settings["engine"] = hide_secrets(job.engine)
    settings["file"] = job.file.resolve().relative_to(job.root).as_posix()
    return settings


def read_settings(folder: Path) -> Job:
    """Read the settings of a run from its folder.

    Raises
    ------
    SettingsError
        If the folder is no run.
    """
    if (folder / "settings.json").is_file():
        return Job.model_validate(read_json(folder / "settings.json"))
    if (folder / "run.json").is_file():
        try:
            return Job.model_validate(read_run(folder)["settings"])
        except ValueError as error:
            raise SettingsError(
                told(
                    "{file}: the record of this run is damaged ({why}). Take it from a copy, or open another run.",
                    file=folder / "run.json",
                    why=_first_line(error),
                )
            ) from None
    near = [path.name for path in folder.parent.iterdir() if path.is_dir()] if folder.parent.is_dir() else []
    hint = nearest(folder.name, near) if near else told("leave `run` empty to work on the draft.")
    raise SettingsError(told("`run = {folder!r}` is not the folder of a run; {hint}", folder=str(folder), hint=hint))


def hide_secrets(source: str) -> str:
    """Return a source without the password that a database URL may hold.

    >>> hide_secrets("postgresql://ann:pa@ss@host/db?sslpassword=x&a=1")
    'postgresql://ann:***@host/db?sslpassword=***&a=1'
    >>> hide_secrets("data/orders.csv")
    'data/orders.csv'
    """
    source = re.sub(r"^(\w[\w+.-]*://)([^:/?#]*):.*@", r"\1\2:***@", source, flags=re.DOTALL)
    return re.sub(r"(?i)(\w*(?:pass|pwd|token|secret|key)\w*=)[^&;\s]+", r"\1***", source) if "=" in source else source


def hash_settings(job: Job) -> str:
    """Return a hash over the settings as they may be shown."""
    return hashlib.sha256(json.dumps(plain_settings(job), sort_keys=True).encode()).hexdigest()


def list_versions() -> dict[str, str]:
    """Return the versions of what computes: Python and the packages."""
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def write_json(file: Path, content: object) -> None:
    """Write ``content`` in one step: the file is whole or as it was."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(plain(content), ensure_ascii=False, indent=1, sort_keys=False) + "\n"
    write_whole(file, lambda path: path.write_text(text, encoding="utf-8"))


def read_json(file: Path) -> dict:
    """Read what ``write_json`` wrote."""
    return json.loads(file.read_text(encoding="utf-8"))


def read_horizon(churn: Path) -> dict[str, int]:
    """Return within how many days leaving is forecast in a table of churn, as ``horizon_days``; nothing where there is none."""
    import pyarrow.parquet as pq

    if not churn.is_file() or "horizon_days" not in pq.read_schema(churn).names:
        return {}
    days = pq.read_table(churn, columns=["horizon_days"])["horizon_days"]
    return {"horizon_days": int(days[0].as_py())} if len(days) else {}


def plain(value: object) -> object:
    """Return a value as JSON knows it: numpy's numbers as Python's, dates as text, what is missing as null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if value is None or value != value or value in (float("inf"), float("-inf")):
        return None
    return value if isinstance(value, str | int | float | bool) else str(value)
