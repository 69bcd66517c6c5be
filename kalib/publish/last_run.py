"""Is this the business of the last run, and its data as sound? What the next report is compared with before it is made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb

from kalib.errors import DataError, SettingsError
from kalib.ledger import LedgerReport
from kalib.ledger.change import Extent, Settled, check_change, check_settled, measure
from kalib.ledger.source import text
from kalib.publish.record import is_whole, plain_settings, sound_runs
from kalib.settings import Job
from kalib.words.told import told

SAME_BUSINESS = 0.5
"""What share of the customers the ledgers of one business have in common at least, of the one with fewer: half an export
lacks customers, and has none of its own."""
_SAME_DATA = (
    "table",
    "query",
    "columns",
    "read",
    "rules",
    "settled",
    "leave_out",
    "rates",
    "level",
    "currency",
    "timezone",
    "accounts",
)
"""Settings that decide what the data is: a run with others is not compared with the one before. Under which name an export
lies decides nothing: the next one has another name."""
_TOLERATED = ("rows", "customers", "money", "set_aside")


def find_last_run(folder: Path) -> tuple[Path, dict] | None:
    """Return the whole run of a job with the newest snapshot date, and what it says of itself; None where there is none.

    Parameters
    ----------
    folder : the job's folder of reports, ``reports/<job>``
    """
    return next((run for run in reversed(sound_runs(folder)) if is_whole(run[1])), None)


def check_last_run(job: Job, report: LedgerReport, build: Path, folder: Path, *, given: Collection[str] = ()) -> None:
    """Refuse data that went bad since the last published run of the job, and data of another business in its folder.

    Parameters
    ----------
    build : folder with the ledger that was just made
    folder : the job's folder of runs
    given : names of the settings that were given for this run alone: a doubt settled so is confirmed

    Raises
    ------
    SettingsError
        The last run was made from another job file for other data.
    DataError
        A doubt that was settled has grown. With the same settings for the data: far fewer rows, customers or sales than
        the last run had for the same days, or more; far more rows set aside; or, where the job does not say `as_of`, a
        last order before that of the last run.
    """
    # Where no run has every page yet, the data of one with some is better than none to compare with.
    last = find_last_run(folder) or next(reversed(sound_runs(folder)), None)
    if last is None or "extent" not in last[1]:
        return
    run, was = last
    ours, theirs = plain_settings(job), was["settings"]
    source = ", ".join(str(name) for name in ours["source"])
    _check_doubts(report, was, source=source, given=given)
    if not _tolerates_all(job):
        _check_business(job, build, run, ours, theirs)
    if any(ours.get(name) != theirs.get(name) for name in _SAME_DATA):
        return
    before = Extent(**{**was["extent"], "last_day": dt.date.fromisoformat(was["extent"]["last_day"])})
    if report.as_of < before.last_day:
        if job.as_of is not None:
            return
        raise DataError(
            told(
                "{source}: the last order is dated {as_of}, and at the last run it was {before}. Look whether the export is whole; "
                "`-p as_of={as_of}` reports on that day all the same.{remark}",
                source=source,
                as_of=report.as_of,
                before=before.last_day,
                remark=_say_other(ours, theirs),
            ),
            rule="data_shrank",
            column="order_date",
            value=str(report.as_of),
        )
    now = measure_report(report, build, until=before.last_day)
    check_change(now, before, job.tolerance, source=source, remark=_say_other(ours, theirs))


def measure_report(report: LedgerReport, build: Path, *, until: dt.date) -> Extent:
    """Measure the ledger that was just made, up to a day."""
    late = sum(issue["count"] for issue in report.issues if issue["rule"] == "after_as_of")  # nothing wrong with them
    return measure(build, until=until, rows_read=report.rows_read - late, rows_set_aside=report.rows_set_aside - late)


def keep_doubts(report: LedgerReport) -> list[dict[str, object]]:
    """Return what run.json keeps of each doubt: what the next run of the job is compared with."""
    return [
        {
            "doubt": doubt["doubt"],
            "settled": doubt.get("settled"),
            "count": doubt.get("count", 0),
            "share_of_money": doubt.get("share_of_money", 0.0),
            "values": list(doubt.get("values") or ()),
        }
        for doubt in report.doubts
    ]


def _check_doubts(report: LedgerReport, was: Mapping[str, object], *, source: str, given: Collection[str]) -> None:
    then = {doubt["doubt"]: _settled(doubt) for doubt in was.get("doubts", []) if doubt.get("settled")}
    for doubt in keep_doubts(report):
        before = then.get(doubt["doubt"])
        if before and doubt["settled"] == before.reading and f"settled.{doubt['doubt']}" not in given:
            check_settled(_settled(doubt), before, source=source)


def _settled(doubt: Mapping[str, object]) -> Settled:
    values = tuple(str(value) for value in doubt.get("values", ()))
    return Settled(doubt["doubt"], doubt["settled"], doubt.get("count", 0), doubt.get("share_of_money", 0.0), values)


def _tolerates_all(job: Job) -> bool:
    return all(getattr(job.tolerance, name) >= 1 for name in _TOLERATED)


def _check_business(job: Job, build: Path, run: Path, ours: Mapping[str, object], theirs: Mapping[str, object]) -> None:
    """Refuse to publish among the runs of another job: two files must not share a folder without a word."""
    other_file, other_source = ours["file"] != theirs.get("file"), _has_other_source(ours, theirs)
    if not (other_file or other_source):
        return
    facts = {"file": job.file, "job": job.job, "run": run.name, "theirs": _listed(theirs)}
    if other_file and other_source and ours["columns"] != theirs.get("columns"):
        said = told(
            "{file}: `job: {job}`: the last run in its folder ({run}) was made from {theirs} by {other}, with other columns.",
            other=theirs.get("file"),
            **facts,
        )
    elif ours.get("level") == theirs.get("level") and (share := _shared_customers(build, run)) < SAME_BUSINESS:
        said = told(
            "{file}: `job: {job}`: the last run in its folder ({run}) was made from {theirs}, and only {share:.0%} of the "
            "customers stand in both it and {ours}.",
            share=share,
            ours=_listed(ours),
            **facts,
        )
    else:
        return
    raise SettingsError(
        told(
            "{said} Give this one a name of its own, such as `job: {job}-2`; or, if it goes on with the same business, run "
            "once with `-p tolerance=1`.",
            said=said,
            job=job.job,
        )
    )


def _has_other_source(ours: Mapping[str, object], theirs: Mapping[str, object]) -> bool:
    return not set(_names(ours)) & set(_names(theirs))


def _names(settings: Mapping[str, object]) -> list[str]:
    given = settings.get("source") or []
    return [given] if isinstance(given, str) else [str(name) for name in given]


def _listed(settings: Mapping[str, object]) -> str:
    return ", ".join(_names(settings)) or str(told("another source"))


def _shared_customers(build: Path, run: Path) -> float:
    """Return which share of the customers, of the ledger with fewer, a run and what was just made have in common.

    1 where that cannot be told.
    """
    now, then = (text(str(folder / "tables" / "customers.parquet")) for folder in (build, run))
    with duckdb.connect() as con:
        try:
            both, ours, theirs = con.execute(
                f"WITH now AS (SELECT customer_id FROM read_parquet([{now}])), was AS (SELECT customer_id FROM read_parquet([{then}])) "
                "SELECT (SELECT count(*) FROM now SEMI JOIN was USING (customer_id)), (SELECT count(*) FROM now), (SELECT count(*) FROM was)"
            ).fetchone()
        except duckdb.Error:  # another kalib's table, or a damaged one
            return 1.0
    return both / min(ours, theirs) if min(ours, theirs) else 1.0


def _say_other(ours: Mapping[str, object], theirs: Mapping[str, object]) -> str:
    """Say that the last run read another file, where it did."""
    if not _has_other_source(ours, theirs):
        return ""
    return str(
        told(
            " The last run was made from {theirs}: if that is another business, give this job a name of its own under `job:`.",
            theirs=_listed(theirs),
        )
    )
