"""Does a log that supports next to nothing still get its report, with a plain sentence where a table can't be made?"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kalib.publish.run import run_job
from kalib.settings import read_job

JOB = """\
job: odd
source: orders.csv
columns: {customer_id: customer, order_date: day, order_id: order, amount: amount, cost: cost}
currency: EUR
language: [en, zh]
tolerance: 1
"""


def make_log(customers: int, orders: int, *, amount: str = "", back: float = 0.0) -> str:
    """Make orders a month apart; with ``back``, each is followed by a return of so many times its money."""
    lines = ["customer,day,order,amount,cost"]
    for c in range(customers):
        for o in range(orders):
            money = float(amount or 50 + 37 * c + 11 * o)
            month = o + c % 12
            day = f"{2021 + month // 12}-{month % 12 + 1:02}-{(7 * c) % 27 + 1:02}"
            lines.append(f"k{c},{day},{c}-{o},{money:.2f},{money * 0.6:.2f}")
            if back:
                lines.append(f"k{c},{day},r{c}-{o},{-money * back:.2f},{-money * back * 0.6:.2f}")
    return "\n".join(lines) + "\n"


LOGS = {
    "one customer": make_log(1, 20),
    "one order": make_log(1, 1),
    "one order each": make_log(12, 1),
    "all alike": make_log(40, 14, amount="100"),
    "fewer customers than tiers": make_log(3, 20),
    "more came back than was sold": make_log(30, 20, back=1.5),
    "all came back": make_log(30, 20, back=1.0),
    "all on one day": "customer,day,order,amount,cost\n"
    + "".join(f"k{n},2024-03-01,{n},{50 + n}.00,30.00\n" for n in range(60)),
    "nobody left": make_log(150, 30),
    "everybody left": make_log(150, 12)
    + "".join(f"late{n},2023-12-{1 + n % 27:02},z{n},50.00,30.00\n" for n in range(60)),
}

FEW = ("one order", "more came back than was sold", "everybody left")
"""Of the logs, those that between them refuse every table that any log refuses."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.run if name in FEW else pytest.mark.deep) for name in LOGS]
)
def test_there_is_a_report_all_the_same(name: str, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(LOGS[name], encoding="utf-8")
    (tmp_path / "odd.yaml").write_text(JOB, encoding="utf-8")
    run = run_job(read_job(tmp_path / "odd.yaml"), out=tmp_path / "reports")
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
    for notebook, about in facts["notebooks"].items():
        for language, folder in (("en", run), ("zh", run / "zh")):
            page = (folder / f"{notebook}.html").read_text(encoding="utf-8")
            text = re.sub(r"<(style|svg|pre)\b.*?</\1>|<[^>]+>", " ", page, flags=re.S)
            assert not re.search(r"\b(nan|NaN|inf|KeyError|Traceback)\b", text), (notebook, language)
        skipped = [table for table in about["writes"] if table in facts["missing"]]
        assert about["answer"]["en"] or skipped, notebook
    for table, why in facts["missing"].items():
        assert why["reason"], table
    assert list(run.glob("odd-*.xlsx"))
