"""What does a small log raise, without its tables being built?"""

from __future__ import annotations

from functools import partial

import duckdb

from kalib.ledger import engines
from kalib.ledger.building import judge_source, open_files
from kalib.ledger.doubts import Doubt
from kalib.ledger.rules import choose_actions

from ..conftest import Desk


def ask(desk: Desk, content: str | bytes | None = None, **settings: object) -> dict[str, Doubt]:
    """Return the doubts of a log by name."""
    if content is not None:
        desk.put(content)
    job = desk.job(**settings)
    scratch = desk.folder / "scratch"
    scratch.mkdir(exist_ok=True)
    actions = choose_actions(job.rules, job_file=job.file)
    with duckdb.connect() as con:
        opened = open_files(con, job, scratch=scratch, say=lambda line: None)
        _, found = judge_source(job, opened, actions, keep=partial(engines.keep, opened.con))
    return {doubt.name: doubt for doubt in found}


def openly(doubts: dict[str, Doubt]) -> set[str]:
    """Return the names of the doubts that refuse."""
    return {name for name, doubt in doubts.items() if not doubt.stands}


def gives(doubt: Doubt) -> dict[str, tuple[float | None, int | None, int | None]]:
    """Return net sales, orders and customers of each reading."""
    return {one.code: (one.net_sales, one.orders, one.customers) for one in doubt.readings}
