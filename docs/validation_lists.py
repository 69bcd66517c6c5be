"""Does each list of each page hold what it promises, and is it better than the obvious naive list? Writes its section of docs/validation.md.

    python docs/validation_lists.py [FILE] [--logs wholesale,cdnow] [--keep FOLDER]

FILE: where the section goes; default: validation.md beside this script. --logs: only these, printed and not written. --keep: ledgers
stay there and are used again by the next call; pages are always made anew.

At each past date of each log the cells of the notebooks themselves run on a ledger that ends there (validation_pages.py), so a
change of how a page ranks is followed without a change here. A list is found by the finding above it. What came is read from the
ledger of the whole log (validation_outcomes.py).
"""

from __future__ import annotations

import argparse
import datetime as dt
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from validation_outcomes import SEASON, YEAR, Past, compare, judge, list_accounts
from validation_pages import build_past, read_pages
from validation_questions import OF_SIZE, QUESTIONS, WHOLE, Listed, Question

from kalib import ledger
from kalib.settings import read_job

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests" / "reference"))
import consumables  # noqa: E402  (the scripts of the made logs lie there)
import garden  # noqa: E402

RETAIL = ROOT / "data" / "online-retail-ii" / "orders.parquet"
TRUTH = ROOT / "tests" / "reference" / "wholesale_truth.parquet"
COUNTS = ("horizon", "first", "dates", "listed")
HEADING = "## Lists, and what came next"


@dataclass(frozen=True)
class Log:
    """A log of orders whose later part is known: its job, and the past dates at which the pages are asked.

    Attributes
    ----------
    end : its last day
    truth : of a made log, the file that says how each account was made
    """

    name: str
    job: Path
    dates: tuple[dt.date, ...]
    end: dt.date
    source: str = ""
    truth: Path | None = None

    @property
    def overrides(self) -> dict[str, str]:
        """Return what the job is told beside its file."""
        return {"source": self.source} if self.source else {}

    def horizons(self, date: dt.date) -> tuple[int, ...]:
        """Return how far ahead of a date the log goes."""
        return tuple(days for days in (SEASON, YEAR) if date + dt.timedelta(days=days) <= self.end)

    def read_truth(self) -> pd.DataFrame | None:
        """Return how each account of a made log was made."""
        return None if self.truth is None else pd.read_parquet(self.truth).rename(columns={"death_date": "died"})


def list_logs(folder: Path, *, only: Sequence[str] = ()) -> list[Log]:
    """List the logs, or ``only`` some; the two made ones are made below ``folder``.

    Dates lie in all seasons. Each is followed by a year, as far as the log goes; the last of Online Retail II and of CDNOW by 90
    days alone.
    """
    makers = {
        "wholesale": _find_wholesale,
        "online-retail-ii": _find_retail,
        "cdnow": _find_cdnow,
        "garden": _make_garden,
        "consumables": _make_consumables,
    }
    if unknown := set(only) - set(makers):
        sys.exit(f"There is no log {', '.join(sorted(unknown))}; there are {', '.join(makers)}.")
    return [make(folder) for name, make in makers.items() if not only or name in only]


def _find_wholesale(folder: Path) -> Log:
    dates = _days("2024-03-31 2024-06-30 2024-09-30 2024-12-31 2025-03-31 2025-06-30")
    return Log("wholesale", ROOT / "jobs/wholesale.yaml", dates, dt.date(2026, 6, 30), truth=TRUTH)


def _find_retail(folder: Path) -> Log:
    source = Path(os.environ.get("KALIB_RETAIL") or RETAIL)
    if not source.is_file():
        sys.exit(f"{source} is not there: run `kalib get online-retail-ii`, or set KALIB_RETAIL to its Parquet file.")
    dates = _days("2010-06-30 2010-09-30 2010-12-08 2011-03-31 2011-06-30 2011-09-09")
    job = ROOT / "tests/jobs/online_retail_ii.yaml"
    return Log("online-retail-ii", job, dates, dt.date(2011, 12, 9), source=str(source.resolve()))


def _find_cdnow(folder: Path) -> Log:
    dates = _days("1997-06-30 1997-09-30 1997-12-31 1998-03-31")
    return Log("cdnow", ROOT / "jobs/cdnow.yaml", dates, dt.date(1998, 6, 30))


def _make_garden(folder: Path) -> Log:
    job = garden.make(folder / "made-garden")
    dates = _days("2023-09-30 2023-12-31 2024-03-31 2024-06-30 2024-09-30 2024-12-31")
    return Log("garden", job, dates, dt.date(2025, 12, 31), truth=job.with_name("truth.parquet"))


def _make_consumables(folder: Path) -> Log:
    job = consumables.make(folder / "made-consumables")
    dates = _days("2023-06-30 2023-09-30 2023-12-31 2024-02-29 2024-03-31 2024-06-30")
    return Log("consumables", job, dates, dt.date(2025, 6, 30), truth=job.with_name("truth.parquet"))


def _days(told: str) -> tuple[dt.date, ...]:
    return tuple(dt.date.fromisoformat(day) for day in told.split())


# --- a date -----------------------------------------------------------------------------------------------------------


def look_back(log: Log, date: dt.date, folder: Path) -> Past:
    """Make the pages of a log as of a date and find what came of each account."""
    at_date = folder / f"{log.name}-{date}"
    job = build_past(log.job, at_date, as_of=date, **log.overrides)
    wanted = sorted({listed.notebook for question in QUESTIONS for listed in question.lists})
    pages = read_pages(job, at_date, only=wanted)
    found = {}
    for listed in (listed for question in QUESTIONS for listed in question.lists):
        table = pages.find(listed.notebook, listed.findings)
        if table is not None and "customer_id" in table:  # below a finding that there is nobody stands another table
            found[listed.notebook, listed.findings] = table["customer_id"].tolist()
    horizons = log.horizons(date)
    accounts = list_accounts(folder / log.name, at_date, date, horizons=horizons, truth=log.read_truth())
    return Past(date, accounts, found, pages.active_days, horizons)


def _look_back_safely(log: Log, date: dt.date, folder: Path) -> Past:
    """Look back; what goes wrong is told in words, as not every error gets through to another process."""
    try:
        return look_back(log, date, folder)
    except Exception:
        raise RuntimeError(f"{log.name} as of {date}:\n{traceback.format_exc()}") from None


def build_whole(log: Log, folder: Path) -> None:
    """Build the ledger of all the log, which knows what came."""
    if not (folder / log.name / "ledger.json").is_file():
        ledger.build(read_job(log.job, {"language": "[en]", "as_of": str(log.end), **log.overrides}), folder / log.name)


def look_back_all(logs: Sequence[Log], folder: Path, *, workers: int = 2) -> dict[str, list[Past]]:
    """Look back at every date of every log, two at a time, and say how far it is."""
    started, done = time.monotonic(), {log.name: [] for log in logs}
    count = sum(len(log.dates) for log in logs)
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for _ in pool.map(build_whole, logs, [folder] * len(logs)):
            pass
        under_way = {
            pool.submit(_look_back_safely, log, date, folder): (log, date) for log in logs for date in log.dates
        }
        for number, task in enumerate(as_completed(under_way), start=1):
            log, date = under_way[task]
            done[log.name].append(task.result())
            told = f"{number} of {count}: {log.name} as of {date}, {time.monotonic() - started:.0f} s"
            print(told, file=sys.stderr, flush=True)
    return {name: sorted(pasts, key=lambda past: past.date) for name, pasts in done.items()}


# --- the comparison ---------------------------------------------------------------------------------------------------


def compare_all(pasts: Mapping[str, Sequence[Past]], *, workers: int = 2) -> pd.DataFrame:
    """Compare every list with its naive lists, by log, horizon and number of accounts.

    Returns
    -------
    DataFrame
        One row per question, list, log, horizon, first, measure and naive list, with the columns of ``compare`` and verdict; one
        row per list and log that begins as another does, with twin.
    """
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        compared = pd.concat(pool.map(compare_log, pasts, pasts.values()), ignore_index=True)
    return compared if "twin" in compared else compared.assign(twin=None)


def compare_log(log: str, pasts: Sequence[Past]) -> pd.DataFrame:
    """Compare every list of a log with its naive lists; one that begins as another does at every date is not looked at twice."""
    rows = []
    for question in QUESTIONS:
        seen: dict[str, list[list[str]]] = {}
        for listed in question.lists:
            own = [listed.choose(past) for past in pasts]
            twin = next((code for code, other in seen.items() if is_beginning(own, other)), None)
            if twin is None:
                seen[listed.code] = own
                rows += _compare_list(question, listed, log, pasts)
            else:
                rows.append({"question": question.code, "list": listed.code, "log": log, "twin": twin})
    return pd.DataFrame(rows)


def is_beginning(own: Sequence[Sequence[str]], other: Sequence[Sequence[str]]) -> bool:
    """Return whether lists are, date by date, the beginning of others.

    Examples
    --------
    >>> is_beginning([["a"], []], [["a", "b"], []]), is_beginning([["b"]], [["a", "b"]]), is_beginning([[]], [["a"]])
    (True, False, False)
    """
    return any(own) and all(
        list(one) == list(two)[: len(one)] and bool(one) == bool(two) for one, two in zip(own, other, strict=True)
    )


def _compare_list(question: Question, listed: Listed, log: str, pasts: Sequence[Past]) -> Iterator[dict[str, object]]:
    own = {past.date: ids for past in pasts if (ids := listed.choose(past))}
    against = {told: ({past.date: rank(past) for past in pasts}, False) for told, rank in question.naive.items()}
    if question.of_size:
        against[OF_SIZE] = (own, True)
    longest = max(map(len, own.values()), default=0)
    for horizon in question.horizons:
        for first in list_sizes(question.sizes, longest):
            for told, (naive, of_size) in against.items():
                about = {"question": question.code, "list": listed.code, "log": log, "horizon": horizon, "first": first}
                for measure in question.measures:
                    if of_size and measure.code == "stopped":
                        continue  # a size has nobody who stopped, or all
                    found = compare(pasts, own, naive, measure, horizon=horizon, first=first, of_size=of_size)
                    if found["dates"]:
                        verdict = judge(found, more=measure.more)
                        yield about | {"against": told, "measure": measure.code} | found | {"verdict": verdict}


def list_sizes(sizes: Sequence[int], longest: int) -> list[int]:
    """List how many of the first accounts are worth looking at: none that says no more than the one before.

    Examples
    --------
    >>> list_sizes([20, 50, 100], 34)
    [20, 50]
    """
    return [size for place, size in enumerate(sizes) if not place or longest > sizes[place - 1]]


# --- the page ---------------------------------------------------------------------------------------------------------


def print_section(logs: Sequence[Log], pasts: Mapping[str, Sequence[Past]], compared: pd.DataFrame) -> str:
    """Return the section of the page as Markdown."""
    lines = [
        HEADING,
        "",
        *INTRODUCTION,
        "",
        "| log | as of | accounts known | days ahead | lists not shown |",
        "| --- " * 5 + "|",
    ]
    lines += [_print_log(log, pasts[log.name]) for log in logs]
    lines += ["", *say_in_short(compared)]
    for question in QUESTIONS:
        rows = compared[compared["question"] == question.code]
        lines += ["", f"### {question.title}", "", question.asks, *explain_naive(question), ""]
        twins, rows = rows[rows["twin"].notna()], rows[rows["twin"].isna()].astype(dict.fromkeys(COUNTS, int))
        lines += [*print_verdicts(question, rows, absent=set(twins["list"])), *print_twins(twins)]
        lines += [
            "",
            "<details><summary>The figures</summary>",
            "",
            *print_comparisons(question, rows),
            "",
            "</details>",
        ]
    lines += ["", "### Missed plan", "", "No page lists accounts that miss their plan yet: nothing to compare."]
    return "\n".join(lines) + "\n"


INTRODUCTION = (
    "Made by `docs/validation_lists.py`. At each past date the pages themselves are made on a ledger that ends there; what came is",
    "read from the whole log. A list's first 20, 50 and 100 accounts stand beside as many of the obvious naive list made of the same",
    "snapshot; where either is shorter, as many as it has of both, and their mean number stands in brackets. In a cell: the list · the",
    "naive one (the difference: from to, in 95 % of bootstrap draws of accounts, dates pooled); **better** and *worse* where that",
    "interval lies on one side of nothing. Money is in the log's own currency; ahead are 90 or 365 days after the date. `garden` and",
    "`consumables` are made logs, whose scripts (tests/reference) were committed before any list was compared on them; *by the truth* is",
    "how an account was made. Tables of accounts of earlier dates lack what is known of today alone (satisfaction, complaints, wallet).",
)


def _print_log(log: Log, pasts: Sequence[Past]) -> str:
    dates = ", ".join(str(past.date) for past in pasts)
    known = f"{min(len(past.accounts) for past in pasts):,} to {max(len(past.accounts) for past in pasts):,}"
    short = sum(YEAR not in past.horizons for past in pasts)
    ahead = "90 and 365" if not short else f"90 and 365; the last {short}: 90"
    absent = {
        listed.code: sum(not listed.choose(past) for past in pasts)
        for question in QUESTIONS
        for listed in question.lists
    }
    told = "; ".join(f"{code} ({count} of {len(pasts)})" for code, count in absent.items() if count) or "–"
    return f"| {log.name} | {dates} | {known} | {ahead} | {told} |"


def explain_naive(question: Question) -> list[str]:
    """Say how the naive lists are made."""
    made = [f"*{told}*: {_made(rank)}" for told, rank in question.naive.items()]
    made += [f"*{OF_SIZE}*: the mean of all in the same tenth by sales of the year"] * question.of_size
    return ["Compared with " + "; ".join(made) + "."]


def _made(rank: Callable[[Past], pd.Index]) -> str:
    return str(rank.__doc__).partition("\n")[0].rstrip(".").removeprefix("List ")


VERDICTS = {"better": "better on", "level": "no clear difference on", "equal": "equal on", "worse": "worse on"}


def say_in_short(compared: pd.DataFrame) -> list[str]:
    """Say of each list on how many logs its first accounts did better and worse than the naive list, by the first measure."""
    lines = [
        "In short, the first 20 (or fewer) of each list over the longest time known, by the first figure below:",
        "",
    ]
    for question in QUESTIONS:
        measure, against = question.measures[0], next(iter(question.naive))
        rows = compared[compared["twin"].isna() & (compared["first"] == question.sizes[0])]
        rows = rows[(rows["measure"] == measure.code) & (rows["against"] == against)]
        rows = rows[rows["horizon"] == rows.groupby(["list", "log"])["horizon"].transform("max")]
        for listed in question.lists:
            found = rows.loc[rows["list"] == listed.code, "verdict"]
            if len(found):
                counts = ", ".join(
                    f"{told} {(found == code).sum()}" for code, told in VERDICTS.items() if (found == code).any()
                )
                lines.append(f"- {listed.code}; {measure.told}, against *{against}*: {counts} of {len(found)} logs.")
    return lines


def print_twins(twins: pd.DataFrame) -> list[str]:
    """Say which lists begin as another does at every date."""
    groups = twins.groupby(["list", "twin"], sort=False)["log"].agg(", ".join)
    return [
        line
        for (listed, twin), logs in groups.items()
        for line in ("", f"{listed} is the beginning of {twin} on {logs}.")
    ]


def print_verdicts(question: Question, rows: pd.DataFrame, *, absent: Set[str] = frozenset()) -> list[str]:
    """Print on which logs the first 20, 50 ... of each list did better and worse than the naive ones, over the longest time known.

    Parameters
    ----------
    absent : lists that are told elsewhere
    """
    longest = rows[rows["horizon"] == rows.groupby(["list", "log"])["horizon"].transform("max")]
    told = {measure.code: measure.told for measure in question.measures}
    heads = ["list", "measured", "against", *VERDICTS.values()]
    lines = ["| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    for (listed, measure, against), own in longest.groupby(["list", "measure", "against"], sort=False):
        cells = [_name_logs(own[own["verdict"] == verdict], all_sizes=own) for verdict in VERDICTS]
        lines.append("| " + " | ".join([listed, told[measure], against, *cells]) + " |")
    never = [listed.code for listed in question.lists if listed.code not in {*rows["list"], *absent}]
    return [*lines, *["", "Shown at none of the dates: " + ", ".join(never) + "."] * bool(never)]


def _name_logs(found: pd.DataFrame, *, all_sizes: pd.DataFrame) -> str:
    """Name the logs of a verdict, with the numbers of accounts that it holds for where it does not for all."""
    parts = []
    for log, own in found.groupby("log", sort=False):
        sizes = ["all" if first == WHOLE else str(first) for first in own["first"]]
        every = len(own) == (all_sizes["log"] == log).sum()
        parts.append(log if every else f"{log} ({', '.join(sizes)})")
    return "; ".join(parts) or "–"


def print_comparisons(question: Question, rows: pd.DataFrame) -> list[str]:
    """Print a table of the comparisons: a row per list, log, horizon, number of accounts and naive list."""
    heads = ["list", "log", "ahead", "dates", "first", "against", *(measure.told for measure in question.measures)]
    lines = ["| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    keys = ["list", "log", "horizon", "first", "against"]
    for (listed, log, horizon, first, against), own in rows.groupby(keys, sort=False):
        cells = own.set_index("measure").to_dict("index")
        size = "all" if first == WHOLE else str(first)
        held = own.iloc[0]["listed"] / own.iloc[0]["dates"]
        size += f" ({held:,.0f})" if round(held) != first else ""
        told = [_print_cell(cells.get(measure.code), is_sum=not measure.of) for measure in question.measures]
        lines.append(
            "| " + " | ".join([listed, log, str(horizon), str(own.iloc[0]["dates"]), size, against, *told]) + " |"
        )
    return lines


def _print_cell(found: Mapping[str, object] | None, *, is_sum: bool) -> str:
    if found is None or found["own"] != found["own"]:
        return "–"
    own, naive, low, high = (_show(found[name], is_sum=is_sum) for name in ("own", "naive", "low", "high"))
    if found["verdict"] == "equal":
        return f"{own}, equal"
    told = f"{own} · {naive} ({_show(found['difference'], is_sum=is_sum, signed=True)}: {low} to {high})"
    return {"better": f"**{told}**", "worse": f"*{told}*"}.get(str(found["verdict"]), told)


def _show(figure: float, *, is_sum: bool, signed: bool = False) -> str:
    if figure != figure:
        return "–"
    sign = "+" if signed else ""
    return f"{figure:{sign},.0f}" if is_sum else f"{figure:{sign}.1%}"


def read_section(page: str) -> str:
    """Return the section as it stands in a page; empty: it has none.

    Examples
    --------
    >>> read_section("# Page\\n\\n## Lists, and what came next\\n\\nold\\n\\n## Other\\n")
    '## Lists, and what came next\\n\\nold\\n'
    """
    _, found, rest = page.partition(f"{HEADING}\n")
    return found + rest.partition("\n## ")[0] if found else ""


def replace_section(page: str, section: str) -> str:
    """Put the section into a page, in the place of the one that it has, else at its end.

    Examples
    --------
    >>> replace_section("# Page\\n", "## Lists, and what came next\\n\\nnew\\n")
    '# Page\\n\\n## Lists, and what came next\\n\\nnew\\n'
    """
    stored = read_section(page)
    before, _, after = page.partition(stored) if stored else (page, "", "")
    return f"{before.rstrip()}\n\n{section.rstrip()}\n{after}"


def main() -> None:
    """Look back at every date, compare, and write the section."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("file", nargs="?", type=Path, default=Path(__file__).with_name("validation.md"))
    reader.add_argument("--logs", default="", help="names of logs, with commas: only these, printed and not written")
    reader.add_argument("--keep", type=Path, help="folder in which the ledgers stay")
    reader.add_argument("--workers", type=int, default=2, help="dates looked at side by side")
    asked = reader.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folder = asked.keep or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        logs = list_logs(folder, only=asked.logs.split(",") if asked.logs else ())
        pasts = look_back_all(logs, folder, workers=asked.workers)
    section = print_section(logs, pasts, compare_all(pasts, workers=asked.workers))
    if asked.logs:
        print(section)
        return
    page = asked.file.read_text(encoding="utf-8") if asked.file.is_file() else ""
    asked.file.write_text(replace_section(page, section), encoding="utf-8")
    print(asked.file)


if __name__ == "__main__":
    main()
