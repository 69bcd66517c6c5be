"""Which reports are there? One page above all jobs, the newest run of each first in line."""

from __future__ import annotations

from pathlib import Path

from kalib.ledger.whole import write_whole
from kalib.publish.html import LANGUAGE_TAGS, SUMMARY, environment
from kalib.publish.record import is_whole, sound_runs
from kalib.words import LANGUAGES, Words


def write_index(reports: Path, *, newest: Path | None = None) -> Path:
    """Write ``index.html`` above the reports of all jobs.

    Jobs stand by the date of their newest run; the page is in the first language of the first of them.

    Parameters
    ----------
    reports : folder with a folder per job, in which ``latest`` points to the newest good run
    newest : the run that ``latest`` of its job is about to point to; None where every ``latest`` stays

    Returns
    -------
    the file written
    """
    first = []
    for folder in sorted(path for path in reports.iterdir() if path.is_dir()):
        runs = {run.resolve(): facts for run, facts in sound_runs(folder)}
        if runs:
            latest = newest.resolve() if newest and newest.parent == folder else (folder / "latest").resolve()
            whole = [run for run, facts in runs.items() if is_whole(facts)]
            first.append((latest if latest in runs else (whole or list(runs))[-1], runs))
    first.sort(key=lambda item: (item[1][item[0]]["made_at"], item[0].parent.name), reverse=True)
    language = _languages(first[0][1][first[0][0]])[0] if first else LANGUAGES[0]
    words = Words(language)
    jobs = [_describe(run, runs, words) for run, runs in first]
    html = environment().get_template("reports.html.j2").render(jobs=jobs, words=words, lang=LANGUAGE_TAGS[language])
    file = reports / "index.html"
    write_whole(file, lambda path: path.write_text(html, encoding="utf-8"))
    return file


def _languages(facts: dict) -> list[str]:
    given = facts["settings"].get("language", LANGUAGES[0])
    return [given] if isinstance(given, str) else list(given)


def _describe(run: Path, runs: dict[Path, dict], words: Words) -> dict[str, object]:
    """Collect what the page says of a job, in its words' language where the run has it."""
    facts = runs[run]
    languages = _languages(facts)
    language = words.language if words.language in languages else languages[0]
    base = f"{run.parent.name}/{run.name}"
    folders = {tag: base if tag == languages[0] else f"{base}/{tag}" for tag in languages}
    earlier = [(old, was) for old, was in reversed(runs.items()) if old != run]
    return {
        "title": _text(facts["settings"].get("title"), language) or facts["job"],
        "note": _text(facts["settings"].get("note"), language),
        "as_of": facts["as_of"],
        "answer": _answer(facts, language),
        "href": f"{folders[language]}/index.html",
        "others": [
            {"href": f"{folder}/index.html", "text": Words(tag)("page.language"), "lang": LANGUAGE_TAGS[tag]}
            for tag, folder in folders.items()
            if tag != language
        ],
        "earlier": [
            {"href": f"{old.parent.name}/{old.name}/index.html", "as_of": was["as_of"], "made_at": was["made_at"]}
            for old, was in earlier
        ],
    }


def _text(value: dict[str, str] | str | None, language: str) -> str:
    if isinstance(value, dict):
        return value.get(language) or next(iter(value.values()), "")
    return value or ""


def _answer(facts: dict, language: str) -> str:
    """Return the summary's answer, else the first there is."""
    notebooks = facts.get("notebooks", {})
    ordered = sorted(notebooks, key=lambda name: (name != SUMMARY, name))
    answers = (notebooks[name]["answer"].get(language, "") for name in ordered)
    return next(filter(None, answers), "")
