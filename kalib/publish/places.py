"""Where do things lie? What ships with kalib, the job file that a notebook names, the reports of a job."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import kalib
from kalib.errors import SettingsError, nearest
from kalib.settings import Job, check_name
from kalib.words.told import told

PUBLISHED = re.compile(r"(?P<as_of>\d{4}-\d{2}-\d{2})-(?P<count>\d+)")
"""The name of a published run's folder: its as_of and a number that counts up."""


def shipped_folder() -> Path:
    """Return the folder that holds the ``jobs``, ``notebooks`` and ``data`` that come with kalib.

    In an installed wheel they lie inside the package, in a checkout beside it.
    """
    package = Path(kalib.__file__).resolve().parent
    inside = package / "shipped"
    return inside if inside.is_dir() else package.parent


def is_installed(folder: Path) -> bool:
    """Return whether ``folder`` lies inside the installed package, where nothing may be written."""
    return folder.resolve().is_relative_to(Path(kalib.__file__).resolve().parent)


def find_job(job: str) -> Path:
    """Find the job file that a notebook names.

    A relative path is looked for from the working directory upward, then among the shipped jobs.

    Raises
    ------
    SettingsError
        Names the file and the folders looked into.

    Examples
    --------
    >>> find_job("jobs/nosuch.yaml")
    Traceback (most recent call last):
        ...
    kalib.errors.SettingsError: ...
    """
    path = Path(job).expanduser()
    if path.is_absolute():
        folders = [path.parent]
        found = [path] if path.is_file() else []
    else:
        here = Path.cwd()
        folders = [here, *here.parents, shipped_folder()]
        found = [folder / path for folder in folders if (folder / path).is_file()]
    if found:
        return found[0]
    there = [name for folder in folders[:1] for name in _jobs_near(folder / path)]
    hint = nearest(path.name, there) if there else told("`kalib init ORDERS_FILE` writes one.")
    raise SettingsError(
        told(
            "{job}: there is no such job file, neither from {folder} upward nor among the shipped. {hint}",
            job=job,
            folder=Path.cwd(),
            hint=hint,
        )
    )


def _jobs_near(path: Path) -> list[str]:
    return [found.name for found in path.parent.glob("*.yaml")] if path.parent.is_dir() else []


def reports_folder(job: Job, out: Path | str | None = None) -> Path:
    """Return the folder that holds the reports of all jobs.

    ``out`` if given; else ``reports`` beside the job's data, whatever the working directory; for a job that ships
    inside the package, ``reports`` in the working directory.

    Raises
    ------
    SettingsError
        A name that is not UTF-8.
    """
    folder = (Path.cwd() if is_installed(job.root) else job.root) / "reports"
    if out is not None:
        folder = Path(out).expanduser().resolve()
    check_name(folder)
    return folder


def find_reports() -> Path:
    """Return the nearest ``reports`` folder from the working directory upward, else the one to be."""
    here = Path.cwd()
    found = (folder / "reports" for folder in (here, *here.parents) if (folder / "reports").is_dir())
    return next(found, here / "reports")


def published_runs(folder: Path) -> list[Path]:
    """Return the published runs of a job, oldest snapshot date first.

    Parameters
    ----------
    folder : the job's folder of reports, ``reports/<job>``
    """
    return [path for _, path in sorted(_published(folder))]


def _published(folder: Path) -> Iterator[tuple[tuple[str, int], Path]]:
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        match = PUBLISHED.fullmatch(path.name)
        if match and not path.is_symlink() and (path / "run.json").is_file():
            yield (match["as_of"], int(match["count"])), path


def next_run(folder: Path, as_of: str) -> Path:
    """Return the folder of the next run with this snapshot date."""
    counts = [int(m["count"]) for p in folder.iterdir() if (m := PUBLISHED.fullmatch(p.name)) and m["as_of"] == as_of]
    return folder / f"{as_of}-{max(counts, default=0) + 1}"


def sync(folder: Path) -> None:
    """Write a finished folder through to the disk, so that a power cut leaves it whole or absent."""
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
