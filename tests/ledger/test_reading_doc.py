"""Is docs/reading.md true? Its job files are job files, and each refusal in it is met and answered as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import xlsxwriter
import yaml

from kalib.errors import KalibError
from kalib.ledger.companions import KINDS
from kalib.settings import Job

DOC = (Path(__file__).parents[2] / "docs" / "reading.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([^`]+)` \| (.+) \|$", DOC.split("## What the file")[1].split("## Three")[0], re.MULTILINE)
PRICED = {
    "customer_id": "Customer",
    "order_date": "Date",
    "quantity": "Qty",
    "unit_price": "Price",
    "discount": "Discount",
}
MONEY = {"customer_id": "Customer", "order_date": "Date", "amount": "Amount"}

# what the refusal says: the file, its columns, the answer that the doc gives, the sales that come out
CASES: dict[str, tuple[str | bytes, dict[str, str], dict[str, object], float]] = {
    "the day and the month could be exchanged": ("Customer,Date,Amount\na,03/04/2024,1\n", MONEY, {"read": {"date_format": "%d/%m/%Y"}}, 1),
    "this looks like the day number": ("Customer,Date,Amount\na,45385,1\n", MONEY, {"read": {"date_format": "excel"}}, 1),
    "with a decimal point this is another": ('Customer,Date,Amount\na,2024-01-05,"1,234"\n', MONEY, {"read": {"decimal": "."}}, 1234),
    "this can only be read with a decimal comma": ('Customer,Date,Amount\na,2024-01-05,"1,5"\nb,2024-01-05,2.5\n', MONEY, {"read": {"decimal": ","}}, 1.5),
    "the text does not tell which encoding": ("Customer,Date,Amount\nあい,2024-01-05,1\n".encode("shift_jis"), MONEY, {"read": {"encoding": "shift_jis"}}, 1),
    "Map your headers under": ("Customer!Date!Amount\na!2024-01-05!1\n", MONEY, {"read": {"delimiter": "!"}}, 1),
    "the money of a line hangs on": ("Customer,Date,Qty,Price,Discount\na,2024-01-05,1,10,0.1\n", PRICED, {"read": {"discount": "share"}}, 9),
    "the source mixes currencies": (
        "Customer,Date,Amount,Cur\na,2024-01-05,1,EUR\nb,2024-01-06,2,USD\n",
        {**MONEY, "currency": "Cur"},
        {"currency": "EUR", "rates": {"USD": 0.92}},
        2.84,
    ),
}  # fmt: skip


@pytest.mark.parametrize("said", CASES)
def test_a_refusal_is_met_and_answered_as_the_doc_says(desk, said):
    content, columns, answer, sales = CASES[said]
    whole = next(text for text, _ in ROWS if text.startswith(said) or said in text)
    with pytest.raises(KalibError, match=re.escape(whole)):
        desk.build(content, columns=columns)
    assert desk.build(columns=columns, **answer).sales_used == sales
    key = next(iter(answer.get("read") or answer))
    assert key in dict(ROWS)[whole] or "the same" in dict(ROWS)[whole]


def test_sheets_are_met_and_answered_as_the_doc_says(desk):
    with xlsxwriter.Workbook(desk.folder / "orders.xlsx") as book:
        for name, more in (("Orders", "More"), ("Other", "Else")):
            sheet = book.add_worksheet(name)
            for row, cells in enumerate((("Customer", "Date", "Amount", more), ("a", "2024-01-05", 1, 2))):
                for place, cell in enumerate(cells):
                    sheet.write(row, place, cell)
    with pytest.raises(KalibError, match="several sheets could be the table"):
        desk.build(source="orders.xlsx", columns=MONEY)
    assert desk.build(source="orders.xlsx", columns=MONEY, read={"sheet": "Orders"}).sales_used == 1


def test_every_refusal_of_the_table_is_tried():
    tried = [*CASES, "several sheets could be the table"]
    assert [text for text, _ in ROWS if not any(said in text for said in tried)] == []


@pytest.mark.parametrize("number", range(3))
def test_the_job_files_of_the_doc_are_job_files(tmp_path, number):
    settings = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", DOC, re.DOTALL)[number])
    assert Job.model_validate({**settings, "file": tmp_path / "job.yaml"}).job == settings["job"]


def test_the_columns_of_the_companions_are_those_of_the_doc():
    table = DOC.split("## The tables beside")[1]
    for name, kind in KINDS.items():
        columns = re.findall(
            "`([a-z_]+)`", next(line for line in table.splitlines() if line.startswith(f"| `{name}`"))
        )[1:]
        known = {
            "date" if one == "contact_date" else one
            for one in (*kind.required, *kind.texts, *kind.days, *kind.numbers, *kind.flags)
        }
        assert set(columns) == known | ({"parent_id"} if name == "accounts" else set())
