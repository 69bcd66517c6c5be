"""From a file to its first check: what `kalib init` writes is read at once, and what it leaves open is refused by name."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import zipfile
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from kalib import ledger
from kalib.errors import KalibError
from kalib.ledger import LedgerReport
from kalib.ledger.inspect import write_job_file
from kalib.settings import read_job

HEADER = ("Customer ID", "Order No", "Order Date", "Product", "Quantity", "Unit Price", "Amount")
LINES = [
    ("00012", "A-1", dt.date(2024, 1, 5), "bowl", 2, Decimal("12.50"), Decimal("25.00")),
    ("00012", "A-1", dt.date(2024, 1, 5), "cup", 10, Decimal("1.20"), Decimal("12.00")),
    ("Müller", "A-2", dt.date(2024, 2, 17), "bowl", 100, Decimal("12.35"), Decimal("1235.00")),
    ("9", "A-3", dt.date(2024, 3, 25), "lid", -1, Decimal("7.99"), Decimal("-7.99")),
]
SALES = Decimal("1264.01")


def lines_as_text(
    header: Sequence[str] = HEADER,
    *,
    delimiter: str = ",",
    day: str = "%Y-%m-%d",
    decimal: str = ".",
    end: str = "\n",
    lines: Sequence[tuple] = LINES,
) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerow(header)
    for customer, order, date, product, quantity, price, amount in lines:
        money = [str(value).replace(".", decimal) for value in (price, amount)]
        writer.writerow([customer, order, date.strftime(day), product, quantity, *money])
    return text.getvalue()


def workbook(path: Path, sheets: dict[str, Sequence[Sequence[object]]]) -> Path:
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for place, value in enumerate(row):
                    sheet.write(number, place, float(value) if isinstance(value, Decimal) else value)
    return path


def frame(lines: Sequence[tuple] = LINES) -> pa.Table:
    return pa.table(dict(zip(HEADER, map(list, zip(*lines, strict=True)), strict=True)))


def plain(folder: Path) -> Path:
    path = folder / "orders.csv"
    path.write_text(lines_as_text(), encoding="utf-8")
    return path


def tabs(folder: Path) -> Path:
    path = folder / "orders.tsv"
    path.write_text(lines_as_text(delimiter="\t", end="\r\n"), encoding="utf-8-sig", newline="")
    return path


def german(folder: Path) -> Path:
    header = ("Kunden-Nr.", "Auftragsnummer", "Auftragsdatum", "Artikel", "Menge", "Einzelpreis", "Betrag")
    path = folder / "Umsätze.csv"
    path.write_text(lines_as_text(header, delimiter=";", day="%d.%m.%Y", decimal=","), encoding="cp1252")
    return path


def chinese(folder: Path) -> Path:
    header = ("客户编号", "订单号", "下单日期", "商品编码", "数量", "单价", "金额")
    lines = [(("米勒餐饮" if line[0] == "Müller" else line[0]), *line[1:3], "碗和杯子", *line[4:]) for line in LINES]
    path = folder / "订单.csv"
    path.write_text(lines_as_text(header, day="%Y年%m月%d日", lines=lines), encoding="gb18030")
    return path


def japanese(folder: Path) -> Path:
    header = ("得意先コード", "受注番号", "受注日", "商品コード", "数量", "単価", "売上金額")
    path = folder / "orders.csv"
    path.write_text(lines_as_text(header, day="%Y/%m/%d"), encoding="utf-8-sig")
    return path


def korean(folder: Path) -> Path:
    header = ("고객번호", "주문번호", "주문일자", "상품코드", "수량", "단가", "판매금액")
    path = folder / "orders.csv"
    path.write_text(lines_as_text(header, day="%Y.%m.%d"), encoding="utf-16")
    return path


def packed(folder: Path) -> Path:
    path = folder / "orders.csv.gz"
    path.write_bytes(gzip.compress(lines_as_text().encode()))
    return path


def zipped(folder: Path) -> Path:
    path = folder / "orders.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("jan.csv", lines_as_text(lines=LINES[:2]))
        archive.writestr("feb.csv", lines_as_text(lines=LINES[2:]))
    return path


def sheet(folder: Path) -> Path:
    return workbook(folder / "orders.xlsx", {"Sheet1": [HEADER, *LINES]})


def one_of_several_sheets(folder: Path) -> Path:
    accounts = [("Customer ID", "Name", "Region"), ("00012", "Ann", "East"), ("9", "Bob", "West")]
    return workbook(
        folder / "orders.xlsx",
        {"Read me": [("made", "by"), ("an", "office")], "Accounts": accounts, "Orders": [HEADER, *LINES]},
    )


def two_sheets_of_orders(folder: Path) -> Path:
    return workbook(folder / "orders.xlsm", {"2023": [HEADER, *LINES[:2]], "2024": [HEADER, *LINES[2:]]})


def below_a_title(folder: Path) -> Path:
    path = folder / "orders.csv"
    path.write_text("Sales report\nmade on 2024-04-01\n\n" + lines_as_text(), encoding="utf-8")
    return path


def typed(folder: Path) -> Path:
    pq.write_table(frame(), folder / "orders.parquet")
    return folder / "orders.parquet"


def partitions(folder: Path) -> Path:
    for month, lines in (("1", LINES[:2]), ("2", LINES[2:])):
        (folder / "orders" / f"month={month}").mkdir(parents=True)
        pq.write_table(frame(lines), folder / "orders" / f"month={month}" / "part-0.parquet")
    return folder / "orders"


def folder_of_files(folder: Path) -> Path:
    (folder / "orders").mkdir()
    (folder / "orders" / "jan.csv").write_text(lines_as_text(lines=LINES[:2]), encoding="utf-8")
    (folder / "orders" / "feb.csv").write_text(lines_as_text(lines=LINES[2:]), encoding="utf-8")
    return folder / "orders"


def day_first(folder: Path) -> Path:
    path = folder / "orders.csv"
    path.write_text(lines_as_text(day="%d/%m/%Y"), encoding="utf-8")
    return path


def net_of_a_discount(folder: Path) -> Path:
    path = folder / "orders.csv"
    path.write_text(
        "Customer,Date,Qty,Price,Discount,Amount\na,2024-01-05,2,10.00,50%,10.00\nb,2024-01-06,1,1254.01,0%,1254.01\n"
    )
    return path


MAKERS = [
    plain, tabs, german, chinese, japanese, korean, packed, zipped, sheet, one_of_several_sheets, two_sheets_of_orders,
    below_a_title, typed, partitions, folder_of_files, day_first, net_of_a_discount,
]  # fmt: skip


def first_check(path: Path, folder: Path) -> tuple[str, LedgerReport]:
    """Return what init says of a file and the first build from the job file that it wrote."""
    job_file = folder / "job.yaml"
    summary = write_job_file(path, job_file)
    return summary, ledger.build(read_job(job_file), folder / "out")


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_what_init_writes_is_read_at_once_to_the_cent(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    summary, report = first_check(make(tmp_path), tmp_path)
    assert Decimal(str(report.sales_used)) == SALES
    assert (report.rows_read, report.rows_set_aside) == (2 if make is net_of_a_discount else 4, 0)
    assert f"net total: {SALES}" in summary
    assert f"next: kalib check {tmp_path / 'job.yaml'}" in summary
    doubts = summary.split("please check:")[1:]
    assert not doubts or "refuses" not in doubts[0]


OPEN = {
    "dates": ("Customer,Date,Amount\na,03/04/2024,1\nb,05/04/2024,2\n", "order_date|every date can be read in more than one way", "date_ambiguous"),
    "day numbers": ("Customer,Date,Amount\na,45385,1\nb,45407,2\n", "day numbers of a spreadsheet", "date_serial"),
    "decimals": ('Customer,Date,Amount\na,2024-01-05,"1,234"\nb,2024-01-06,"5,678"\n', "2 numbers can be read both ways", "number_ambiguous"),
    "currencies": ("Customer,Date,Amount,Currency\na,2024-01-05,1,EUR\nb,2024-01-06,2,USD\n", "several currencies: EUR (1), USD (1)", "currency_mixed"),
    "discount": ("Customer,Date,Qty,Price,Discount\na,2024-01-05,1,10,0.1\nb,2024-01-06,2,10,0\n", "what the discount is", "discount: share"),
    "two amounts": ("Customer,Date,Gross Amount,Net Amount\na,2024-01-05,12,10\n", "amount: several headers fit", "money is missing"),
    "no date": ("Customer,Amount\na,1\nb,2\n", "order_date: not found", "`columns.order_date` is missing"),
    "amount and price": ("Customer,Date,Qty,Price,Amount\na,2024-01-05,2,10,18\n", "map one of the two", "money is missing"),
    "mangled": ("Customer,Date,Amount\n1.23457E+11,2024-01-05,1\n9,2024-01-06,2\n", "kalib check refuses this", "power of ten"),
    "types": ("Customer,Date,Amount,Order Type\na,2024-01-05,1,sale\na,2024-01-06,1,return\n", "type_unclear: Column Order Type: return", "type_unclear"),
    "orders repeat their total": (
        "Customer,Order No,Date,Total\n" + "".join(f"a,{n // 2},2024-01-05,{10 + n // 2}\n" for n in range(10)),
        "the same on all lines of each of 5 orders",
        "money is missing",
    ),
}  # fmt: skip


@pytest.mark.parametrize("doubt", OPEN)
def test_what_init_leaves_open_is_refused_with_the_same_doubt(tmp_path: Path, doubt: str) -> None:
    content, said, refused = OPEN[doubt]
    path = tmp_path / "orders.csv"
    path.write_text(content, encoding="utf-8")
    summary = write_job_file(path, tmp_path / "job.yaml")
    assert any(one in summary.split("please check:")[-1] for one in said.split("|"))
    with pytest.raises(KalibError) as error:
        ledger.build(read_job(tmp_path / "job.yaml"), tmp_path / "out")
    assert refused in f"{getattr(error.value, 'rule', '')} {error.value}"


def test_other_sheets_are_mentioned_and_left_out(tmp_path: Path) -> None:
    summary, _ = first_check(one_of_several_sheets(tmp_path), tmp_path)
    assert (
        "orders.xlsx[Accounts]: left out, it has other columns (Customer ID, Name, Region); it looks like a table of accounts"
        in summary
    )
    assert "orders.xlsx[Read me]: left out, it has other columns" in summary


def test_a_database_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KalibError, match="For a database, write the job file by hand") as refused:
        write_job_file(Path("postgresql://ann:secret@host/shop"), tmp_path / "job.yaml")
    assert "secret" not in str(refused.value)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    with pytest.raises(KalibError, match="there is no file in this folder that is read"):
        write_job_file(tmp_path / "orders", tmp_path / "job.yaml")


def test_rows_that_do_not_fit_the_header_are_told(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("Customer,Date,Amount\na,2024-01-05,1\nb,2024-01-06\nc,2024-01-07,2\n")
    summary, report = first_check(tmp_path / "orders.csv", tmp_path)
    assert "orders.csv: 1 rows do not fit the header and will be set aside, the first on line 3" in summary
    assert report.rows_set_aside == 1
