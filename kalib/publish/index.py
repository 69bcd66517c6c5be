"""Which reports are there? One page above all jobs, the newest run of each first in line."""

from __future__ import annotations

import json
import os
from pathlib import Path

from kalib.publish.html import LANGUAGE_TAGS, SUMMARY, environment
from kalib.publish.places import published_runs
from kalib.words import LANGUAGES, Words


def write_index(reports: Path) -> Path:
    """Write ``index.html`` above the reports of all jobs.

    Jobs stand by the date of their newest run; the page is in the first language of the first of them.

    Parameters
    ----------
    reports : folder with a folder per job, in which ``latest`` points to the newest good run

    Returns
    -------
    the file written
    """
    newest = []
    for folder in sorted(path for path in reports.iterdir() if path.is_dir()):
        runs = published_runs(folder)
        if runs:
            latest = (folder / "latest").resolve()
            newest.append((latest if latest in [run.resolve() for run in runs] else runs[-1].resolve(), runs))
    facts = {run: _read_facts(run) for run, _ in newest}
    newest.sort(key=lambda item: (facts[item[0]]["made_at"], item[0].parent.name), reverse=True)
    language = _languages(facts[newest[0][0]])[0] if newest else LANGUAGES[0]
    words = Words(language)
    jobs = [_describe(run, runs, facts[run], words) for run, runs in newest]
    html = environment().get_template("reports.html.j2").render(jobs=jobs, words=words, lang=LANGUAGE_TAGS[language])
    file = reports / "index.html"
    beside = reports / f".index-{os.getpid()}.html"
    beside.write_text(html, encoding="utf-8")
    beside.replace(file)
    return file


def _read_facts(run: Path) -> dict:
    return json.loads((run / "run.json").read_text(encoding="utf-8"))


def _languages(facts: dict) -> list[str]:
    given = facts["settings"].get("language", LANGUAGES[0])
    return [given] if isinstance(given, str) else list(given)


def _describe(run: Path, runs: list[Path], facts: dict, words: Words) -> dict[str, object]:
    """Collect what the page says of a job, in its words' language where the run has it."""
    languages = _languages(facts)
    language = words.language if words.language in languages else languages[0]
    base = f"{run.parent.name}/{run.name}"
    folders = {tag: base if tag == languages[0] else f"{base}/{tag}" for tag in languages}
    earlier = [(old, _read_facts(old)) for old in reversed(runs) if old.name != run.name]
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
