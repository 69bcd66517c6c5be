"""How is an export of a known system rebuilt? Order lines drawn from a seed, spelt under the system's own headers, and what is right."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

COMPANIES = (
    "Adler Technik",
    "Birch & Sons",
    "Corvus Medical",
    "Dorfner Bau",
    "Elmwood Foods",
    "Fjord Supply",
    "Granite Works",
    "Harbor Tools",
    "Iris Optics",
    "Juniper Labs",
    "Kestrel Air",
    "Linden Papier",
)
CHINESE = (
    "宏远商贸",
    "佳美百货",
    "东升机电",
    "瑞丰食品",
    "海川贸易",
    "天一文具",
    "金石建材",
    "百汇超市",
    "新月服饰",
    "永安医疗",
)
JAPANESE = (
    "青木商店",
    "石川工業",
    "上野電機",
    "江藤産業",
    "大野食品",
    "加藤製作所",
    "木村堂",
    "黒田薬品",
    "小島印刷",
    "佐々木建設",
)
KOREAN = ("강민수", "김서연", "이도윤", "박하은", "최지호", "정유진", "조민재", "윤서아", "장현우", "임수빈")
CENT = Decimal("0.01")


class Sale(NamedTuple):
    """One line of an order as it was: what the export spells. ``kind``: sale, back (a credit, money below 0) or void."""

    customer: str
    name: str
    number: int
    order: str
    line: int
    day: dt.datetime
    product: str
    quantity: int
    price: Decimal
    amount: Decimal
    kind: str = "sale"
    refund: Decimal = Decimal(0)
    first: bool = True  # of its order's lines


def draw(
    seed: int,
    *,
    orders: int = 36,
    customers: int = 8,
    lines: tuple[int, int] = (1, 3),
    start: str = "2024-01-08",
    step: float = 9.4,
    void: int = 0,
    back: int = 0,
    refund: int = 0,
    prefix: str = "",
    base: int = 40711,
    names: Sequence[str] = COMPANIES,
    customer: str = "10{:03d}",
    whole: bool = False,
    same_number: bool = False,
    credit_prefix: str | None = None,
) -> list[Sale]:
    """Return order lines by day; of each so many orders one is void, has a credit nine days later, or a part refunded.

    >>> lines = draw(1, orders=4, back=2)
    >>> [(line.order, line.kind) for line in lines if line.first]
    [('40711', 'sale'), ('40712', 'sale'), ('40713', 'sale'), ('40751', 'back'), ('40714', 'sale'), ('40753', 'back')]
    """
    rng = random.Random(seed)
    begin = dt.datetime.fromisoformat(start)
    made: list[Sale] = []
    for number in range(orders):
        who = number if number < customers else rng.randrange(customers)
        day = (begin + dt.timedelta(days=int(number * step))).replace(
            hour=rng.randrange(7, 19), minute=rng.randrange(60)
        )
        gone = bool(void) and number % void == void - 2
        for line in range(rng.randint(*lines)):
            cents = rng.randrange(500, 60_000)
            price = Decimal(cents // 100 * 100 if whole else cents) / 100
            quantity = rng.randint(1, 9)
            amount = price * quantity
            given = (amount / 4).quantize(CENT) if refund and number % refund == 1 and not line else Decimal(0)
            sale = Sale(
                customer.format(who + 1), names[who % len(names)], number, f"{prefix}{base + number}", line + 1, day,
                f"A-{rng.randrange(100, 999)}", quantity, price, amount, "void" if gone else "sale", given, not line,
            )  # fmt: skip
            made.append(sale)
            if back and number % back == 1 and not line and not gone:
                lot = (
                    sale.order
                    if same_number
                    else f"{prefix if credit_prefix is None else credit_prefix}{base + orders + number + 35}"
                )
                made.append(
                    sale._replace(
                        order=lot,
                        kind="back",
                        quantity=-1,
                        amount=-price,
                        day=day + dt.timedelta(days=9),
                        line=1,
                        refund=Decimal(0),
                        first=not same_number,
                    )
                )
    return sorted(made, key=lambda sale: (sale.day, sale.order, sale.line))


def by_order(lines: Iterable[Sale]) -> list[Sale]:
    """Return one row for each document, as an export of orders without their lines has it."""
    found: dict[tuple[str, str], Sale] = {}
    for line in lines:
        key = (line.order, line.kind)
        had = found.get(key)
        if had:
            line = had._replace(amount=had.amount + line.amount, refund=had.refund + line.refund)
        found[key] = line
    return list(found.values())


# ------------------------------------------------------------------------------------------------------- what is right


class Book(NamedTuple):
    """What must be known of a customer in the end."""

    net_sales: Decimal
    orders: int
    last: dt.date | None


def add_up(lines: Iterable[Sale]) -> dict[str, Book]:
    """Return what is right, by customer: void lines are none, credits are money and no order.

    >>> add_up(draw(1, orders=2, lines=(1, 1)))["10001"]
    Book(net_sales=Decimal('344.32'), orders=1, last=datetime.date(2024, 1, 8))
    """
    money: dict[str, Decimal] = {}
    days: dict[str, dict[str, dt.date]] = {}
    for line in lines:
        if line.kind == "void":
            continue
        money[line.customer] = money.get(line.customer, Decimal(0)) + line.amount - line.refund
        own = days.setdefault(line.customer, {})
        if line.kind == "sale":
            own[line.order] = min(line.day.date(), own.get(line.order, line.day.date()))
    return {
        who: Book(total.quantize(CENT, rounding=ROUND_HALF_UP), len(days[who]), max(days[who].values(), default=None))
        for who, total in money.items()
    }


# ----------------------------------------------------------------------------------------------------------- spelling

Spelt = str | Callable[[Sale], str]


def spell_money(value: Decimal, style: str) -> str:
    """Write money as a system does.

    >>> [spell_money(Decimal("-1234.5"), style) for style in ("plain", "us", "de", "comma", "sap", "usd", "brl")]
    ['-1234.50', '-1,234.50', '-1.234,50', '-1234,50', '1.234,50-', '-$1,234.50', '-R$ 1.234,50']
    """
    value = value.quantize(CENT, rounding=ROUND_HALF_UP)
    grouped = f"{value:,.2f}"
    german = grouped.translate(str.maketrans(",.", ".,"))
    match style:
        case "us":
            return grouped
        case "de":
            return german
        case "comma":
            return f"{value:.2f}".replace(".", ",")
        case "sap":
            return f"{german.removeprefix('-')}-" if value < 0 else german
        case "usd":
            return f"{'-' if value < 0 else ''}${grouped.removeprefix('-')}"
        case "brl":
            return f"{'-' if value < 0 else ''}R$ {german.removeprefix('-')}"
        case "fr":
            return german.replace(".", "\u202f")
        case "int":
            return f"{value:.0f}"
        case "int,":
            return f"{value:,.0f}"
        case _:
            return f"{value:.2f}"


@dataclass(frozen=True)
class Style:
    """How a system writes days, money and what became of an order; ``positive``: credits stand without a minus."""

    day: str = "%Y-%m-%d"
    money: str = "plain"
    words: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    positive: bool = False

    def cell(self, sale: Sale, what: Spelt) -> str:
        """Return one cell: a literal (``=EUR``), what a function makes of the line, or a field of it by name."""
        if callable(what):
            return what(sale)
        if what.startswith("="):
            return what[1:]
        once = what.removesuffix("?")  # with a question mark, on the order's first line only
        return self._field(sale, once) if once == what or sale.first else ""

    def _field(self, sale: Sale, what: str) -> str:
        sign = -1 if self.positive and sale.amount < 0 else 1
        tax = (sale.amount * Decimal("0.19")).quantize(CENT, rounding=ROUND_HALF_UP)
        match what:
            case "day":
                return sale.day.strftime(self.day)
            case "time":
                return sale.day.strftime("%H:%M:%S")
            case "amount" | "refund":
                return spell_money(sign * getattr(sale, what), self.money)
            case "gross":
                return spell_money(sign * (sale.amount + tax), self.money)
            case "tax":
                return spell_money(sign * tax, self.money)
            case "cost":
                return spell_money(sign * sale.amount * Decimal("0.6"), self.money)
            case "price":
                return spell_money(sale.price, self.money)
            case "quantity":
                return str(sign * sale.quantity)
            case "email":
                return f"{sale.name.split()[0].lower()}{sale.customer[-2:]}@example.com"
            case "word":
                said = self.words.get(sale.kind, "")
                return said if isinstance(said, str) else said[sale.number % len(said)]
            case "article":
                return f"Part {sale.product}"
            case "":
                return ""
        return str(getattr(sale, what))


def table(lines: Sequence[Sale], columns: Mapping[str, Spelt], **style: object) -> list[list[str]]:
    """Return a header and the rows below it."""
    spelt = Style(**style)
    return [list(columns), *([spelt.cell(line, what) for what in columns.values()] for line in lines)]


def text(
    rows: Iterable[Sequence[str]],
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    above: Iterable[Sequence[str]] = (),
    below: Iterable[Sequence[str]] = (),
    quoted: bool = False,
    end: str = "\n",
) -> bytes:
    """Return rows as a text file."""
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([*above, *rows, *below])
    return out.getvalue().encode(encoding)


def workbook(sheets: Mapping[str, Iterable[Sequence[object]]]) -> bytes:
    """Return sheets as an Excel file; days and numbers stand as such."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, dt.date):
                        sheet.write_datetime(at, column, dt.datetime(cell.year, cell.month, cell.day), day)
                    else:
                        sheet.write(at, column, float(cell) if isinstance(cell, Decimal) else cell)
    return out.getvalue()


def parquet(columns: Mapping[str, Sequence[object]]) -> bytes:
    """Return typed columns as a Parquet file."""
    out = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), out)
    return out.getvalue()


# ------------------------------------------------------------------------------------------------------------ layouts


@dataclass(frozen=True)
class Layout:
    """An export, two ways to read it, and what is right.

    ``columns`` and ``job`` are the job mapped by hand. ``adds`` are lines that a person adds to the job that `kalib init`
    wrote, where it asks; ``settle`` those that settle a refusal, in both ways. Without them, the reading is taken that
    gives the right net sales. ``doubts`` are the refusals that are right; all others, and wrong figures, are wrong.
    """

    name: str
    files: Mapping[str, bytes]
    columns: Mapping[str, str]
    lines: Sequence[Sale]
    currency: str = "EUR"
    job: Mapping[str, object] = field(default_factory=dict)
    adds: Sequence[str] = ()
    settle: Sequence[str] = ()
    doubts: Sequence[str] = ()
    told: Sequence[str] = ()
    wants: Mapping[str, Book] | None = None
    days: str | None = None  # how they are written, where the job mapped by hand must say it
    most: int = 3  # lines that a person may have to settle by hand after `kalib init`

    @property
    def right(self) -> Mapping[str, Book]:
        return add_up(self.lines) if self.wants is None else self.wants

    @property
    def settings(self) -> dict[str, object]:
        names = list(self.files)
        source = names[0] if len(names) == 1 else names
        said = {"job": "layout", "source": source, "columns": dict(self.columns), "currency": self.currency, **self.job}
        read = {**said.pop("read", {}), **({"date_format": self.days} if self.days else {})}
        return said | ({"read": read} if read else {})


def ours(customer: str, order: str | None, day: str, money: str | None = None, **more: str) -> dict[str, str]:
    """Return columns mapped by hand."""
    mapped = {"customer_id": customer, "order_id": order, "order_date": day, "amount": money, **more}
    return {name: header for name, header in mapped.items() if header}
