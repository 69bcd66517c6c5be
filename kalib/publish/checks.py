"""Can the job be run as its file says? What the settings alone tell, before a row is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from kalib.errors import SettingsError, nearest
from kalib.settings import Job
from kalib.settings.source import AccountsColumns
from kalib.words import Words
from kalib.words.told import speaks, told


def check_job(job: Job) -> None:
    """Check what a job asks for: models of other runs, names of figures, dates, and judgements.

    Raises
    ------
    SettingsError
        A model that cannot be used; a figure that nobody knows; a date after ``as_of``; judgements that contradict each
        other and that the job insists on using.
    """
    if job.rfm.model or job.tiers.model:
        from kalib.publish.models import check_models

        check_models(job)
    _check_figures(job)
    _check_dates(job)
    if job.scorecard.weights == "ahp" and not job.scorecard.force:
        _check_judgements(job)


def _check_figures(job: Job) -> None:
    asked = dict(_list_figures(job))
    if not asked:
        return
    from kalib.schema import COLUMNS
    from kalib.topics.scorecard import MEASURES

    known = {*COLUMNS, *AccountsColumns.model_fields, *(measure.name for measure in MEASURES)}
    for setting, name in asked.items():
        if name not in known:
            raise SettingsError(
                told(
                    "{job_file}: `{setting}`: there is no figure `{name}`; {hint}",
                    job_file=job.file,
                    setting=setting,
                    name=name,
                    hint=nearest(name, known),
                )
            )


def _list_figures(job: Job) -> Iterator[tuple[str, str]]:
    if "features" in job.tiers.model_fields_set:
        yield from ((f"tiers.features.{name}", name) for name in job.tiers.features)
    for criterion, own in job.scorecard.criteria.items():
        for measure in (own.measures or ()) if own else ():
            yield f"scorecard.criteria.{criterion}.measures.{measure.measure}", measure.measure


def _check_dates(job: Job) -> None:
    if job.as_of is None:
        return
    dates = {"rfm.learn_as_of": job.rfm.learn_as_of, "tiers.learn_as_of": job.tiers.learn_as_of}
    for setting, day in dates.items():
        if day is not None and day > job.as_of:
            raise SettingsError(
                told(
                    "{job_file}: `{setting}: {day}` lies after `as_of: {as_of}`, and a report knows nothing after its date.",
                    job_file=job.file,
                    setting=setting,
                    day=day,
                    as_of=job.as_of,
                )
            )
    before = job.migration.before
    if isinstance(before, dt.date) and before >= job.as_of:
        raise SettingsError(
            told(
                "{job_file}: `migration.before: {before}` must lie before `as_of: {as_of}`.",
                job_file=job.file,
                before=before,
                as_of=job.as_of,
            )
        )


def _check_judgements(job: Job) -> None:
    from kalib.topics.scorecard_weights import (
        MOST_INCONSISTENT,
        find_contradiction,
        read_judgements,
        weigh_by_judgement,
    )

    criteria = list(dict.fromkeys(part.strip() for pair in job.scorecard.ahp for part in pair.split("/")))
    matrix = read_judgements(criteria, job.scorecard.ahp)
    weights, ratio = weigh_by_judgement(matrix)
    if ratio > MOST_INCONSISTENT:
        facts = find_contradiction(criteria, matrix, weights)
        said = Words(speaks())("reasons.scorecard_ahp_inconsistent", consistency=ratio, most=MOST_INCONSISTENT, **facts)
        raise SettingsError(told("{where}: {what}", where=f"{job.file}: `scorecard.ahp`", what=said))
