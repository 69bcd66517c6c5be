"""Which honest logs must be left in peace? Of every shape of business; read by a job mapped by hand, none may raise a doubt that refuses.

``told`` lists the doubts that may be told of a log and stand; all that is not listed must not even be told.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from layouts_base import (
    CENT,
    CHINESE,
    Book,
    Layout,
    Sale,
    add_up,
    by_order,
    draw,
    ours,
    parquet,
    spell_money,
    table,
    text,
    workbook,
)

PLAIN = {"customer": "customer", "order": "order", "date": "day", "amount": "amount"}
MAPPED = ours("customer", "order", "date", "amount")
GOODS = {
    "customer": "customer",
    "order": "order",
    "date": "day",
    "product": "product",
    "quantity": "quantity",
    "price": "price",
}


def _log(
    name: str,
    lines: list[Sale],
    columns: dict | None = None,
    *,
    style: dict | None = None,
    file: str = "orders.csv",
    **more,
) -> Layout:
    mapped = more.pop("mapped", MAPPED)
    return Layout(name, {file: text(table(lines, columns or PLAIN, **(style or {})))}, mapped, lines, **more)


def _renamed(lines: list[Sale], names: list[str]) -> list[Sale]:
    return [line._replace(customer=names[int(line.customer[-3:]) % len(names)]) for line in lines]


def _of_day(lines: list[Sale]) -> dict[str, Book]:
    """Return what is right where no order number is known: one order per customer and day."""
    return add_up([line._replace(order=f"{line.day:%Y%m%d}") for line in lines])


def _shapes() -> list[Layout]:
    b2b = draw(201, orders=60, back=6, step=5.5)
    till = draw(202, orders=240, customers=40, lines=(1, 5), step=1.3, prefix="T")
    fee = [
        line._replace(
            price=Decimal("49.00"),
            quantity=1,
            amount=Decimal("49.00"),
            order=f"S{line.number:05d}",
            customer=f"10{line.number % 8:03d}",
            day=dt.datetime(2024, 1 + line.number // 8, 1),
        )
        for line in draw(203, orders=96, lines=(1, 1))
    ]
    market = draw(204, orders=60, step=5, base=3_084_711)
    once = [line._replace(customer=f"K{line.number:05d}") for line in draw(205, orders=150, step=2, lines=(1, 2))]
    once = [line._replace(customer=f"K{line.number // 7 * 7:05d}") if line.number % 7 == 3 else line for line in once]
    projects = draw(206, orders=9, customers=5, lines=(1, 2), step=37)
    projects = [line._replace(price=line.price * 900, amount=line.amount * 900) for line in projects]
    daily = draw(207, orders=180, customers=1, step=1, lines=(1, 2))
    zero = [
        line._replace(price=Decimal(0), amount=Decimal(0)) if line.line == 3 else line
        for line in draw(208, orders=80, step=4, lines=(2, 4))
    ]
    totals = by_order(draw(209, orders=120, step=2.5, customers=6))
    return [
        _log("wholesale-invoices-and-credit-notes", b2b),
        _log("wholesale-credit-notes-by-type", b2b, PLAIN | {"type": "word"}, style={"words": {"sale": "Invoice", "back": "Credit note"}}, mapped=MAPPED | {"order_type": "type"}, job={"read": {"return_types": ["Credit note"]}}),
        _log("returns-positive-by-type", b2b, PLAIN | {"type": "word"}, style={"words": {"sale": "Invoice", "back": "Return"}, "positive": True}, mapped=MAPPED | {"order_type": "type"}, job={"read": {"return_types": ["Return"]}}),
        _log("till-receipts", till, GOODS, mapped=ours("customer", "order", "date", quantity="quantity", unit_price="price", product="product")),
        _log("subscriptions-same-fee-each-month", fee),
        _log("marketplace-all-complete", market, PLAIN | {"status": "=Complete"}),
        _log("marketplace-all-success-zh", market, {"买家": "name", "订单编号": "order", "成交时间": "day", "实付金额": "amount", "订单状态": "=交易成功"}, mapped=ours("买家", "订单编号", "成交时间", "实付金额"), currency="CNY"),
        _log("status-paid-and-shipped", market, PLAIN | {"status": lambda line: ("paid", "shipped")[line.number % 2]}),
        _log("consumers-one-order-mostly", once),
        _log("projects-few-large-orders", projects),
        _log("one-customer-only", draw(210, customers=1)),
        _log("daily-orders-of-one-customer", daily),
        _log("order-types-all-sales", market, PLAIN | {"order type": lambda line: ("Standard", "Rush", "EDI")[line.number % 3]}),
        _log("order-types-all-sales-mapped", market, PLAIN | {"order type": lambda line: ("Standard", "Rush", "EDI")[line.number % 3]}, mapped=MAPPED | {"order_type": "order type"}),
        _log("quantity-times-price", market, GOODS, mapped=ours("customer", "order", "date", quantity="quantity", unit_price="price")),
        _log("quantity-price-and-amount", market, GOODS | {"amount": "amount"}, mapped=MAPPED | {"quantity": "quantity", "unit_price": "price", "product": "product"}),
        _log("daily-totals-without-orders", totals, {"customer": "customer", "date": "day", "amount": "amount"}, mapped=ours("customer", None, "date", "amount"), wants=_of_day(totals)),
        _log("spare-parts-with-free-samples", zero, GOODS | {"amount": "amount"}, mapped=MAPPED | {"product": "product", "quantity": "quantity"}),
        _log("cost-beside-amount", market, PLAIN | {"cost": "cost"}, mapped=MAPPED | {"cost": "cost"}),
        _log("net-tax-and-gross", market, PLAIN | {"tax": "tax", "gross": "gross"}),
    ]  # fmt: skip


def _names_and_words() -> list[Layout]:
    lines = draw(221, orders=60, step=5)
    tricky = _renamed(
        lines,
        [
            "Total Energies",
            "Void Fraction GmbH",
            "Return Logistics",
            "Grand Hotel",
            "Summerfield",
            "Cash & Carry Nord",
            "Storno Verlag",
            "Sum Ltd",
        ],
    )
    people = _renamed(
        lines,
        [
            "Null, Peter",
            "Nan, Li",
            "None, Ada",
            "Na, Min-jun",
            "Blank, Les",
            "Test, Hanna",
            "Walker, Ines",
            "Guest, Tom",
        ],
    )
    chinese = _renamed(
        lines,
        ["合计信息科技", "总计文具", "空港物流", "小计电子", "无锡机电", "退货无忧网络", "计划生育协会", "现金流科技"],
    )
    labels = {
        "product name": lambda line: ("Return label", "Refund form pad", "Void fill paper", "Gift card")[
            line.number % 4
        ]
    }
    equal = [*lines, *[line for line in lines if line.number % 20 == 4 and line.first]]
    equal.sort(key=lambda line: (line.day, line.order, line.line))
    long = [
        line._replace(day=line.day + dt.timedelta(days=3 * (line.line - 1))) for line in draw(222, orders=40, step=8)
    ]
    back = [
        line._replace(day=line.day + dt.timedelta(days=7)) if line.line == 3 else line
        for line in draw(223, orders=40, step=8, lines=(2, 3))
    ]
    branch = [
        line._replace(order=f"{'NSW'[line.number % 3]}-{line.number // 3 + 1:04d}")
        for line in draw(224, orders=60, step=5)
    ]
    return [
        _log("customers-called-total-void-return", tricky),
        _log("customers-called-null-peter", people, style={}),
        _log("customers-called-heji-zh", chinese, {"客户": "customer", "单号": "order", "日期": "day", "金额": "amount"}, mapped=ours("客户", "单号", "日期", "金额"), currency="CNY"),
        _log("products-called-return-label", lines, PLAIN | labels, mapped=MAPPED | {"product": "product name"}),
        _log("equal-lines-in-an-order", equal, GOODS | {"amount": "amount"}, mapped=MAPPED | {"product": "product"}),
        _log("orders-that-go-on-for-days", long),
        _log("back-orders-a-week-later", back),
        _log("branch-and-number-orders", branch),
        _log("notes-that-speak-of-returns", lines, PLAIN | {"note": lambda line: "please do not return pallets" if line.number % 9 == 0 else ""}),
        _log("debit-credit-column-all-debit", lines, PLAIN | {"D/C": "=D"}),
        _log("currency-column-of-one-code", lines, PLAIN | {"currency": "=EUR"}),
        _log("currency-column-of-one-code-mapped", lines, PLAIN | {"currency": "=EUR"}, mapped=MAPPED | {"currency": "currency"}),
        _log("refund-column-all-nought", lines, PLAIN | {"refunded amount": "=0.00"}),
        _log("cancelled-column-all-no", lines, PLAIN | {"cancelled": "=No"}),
        _log("thirteen-columns-of-junk", lines, PLAIN | {f"u{n}": lambda line, n=n: ("", "x", "-", str(line.number * n % 7))[(line.number + n) % 4] for n in range(1, 10)}),
        _log("unit-of-measure-column", lines, PLAIN | {"unit": "=pcs", "weight (kg)": "quantity"}),
    ]  # fmt: skip


def _days_and_files() -> list[Layout]:
    lines = draw(241, orders=70, step=5)
    hours = [line._replace(day=line.day + dt.timedelta(hours=line.number * 7 % 5)) for line in lines]
    months = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
    far = draw(242, orders=90, start="2023-01-09", step=11, back=7)
    sheets = {
        str(year): [["customer", "order", "date", "amount"], *[[line.customer, line.order, line.day.date(), line.amount] for line in far if line.day.year == year]]
        for year in (2023, 2024, 2025)
    }  # fmt: skip
    monthly = {
        f"orders-2024-{month:02d}.csv": text(table([line for line in lines if line.day.month == month], PLAIN))
        for month in range(1, 13)
    }
    coded = ("EUR", "USD", "CHF")
    rates = {"USD": "0.9", "CHF": "1.05"}
    foreign = [line._replace(amount=line.amount * Decimal(rates.get(coded[line.number % 3], "1"))) for line in lines]
    abroad = {line.order: line.day.strftime(f"%d {months[line.day.month - 1]} %Y") for line in lines}
    typed = parquet(
        {
            "customer": [line.customer for line in lines], "order": [int(line.order) for line in lines],
            "date": [line.day.date() for line in lines], "amount": [line.amount.quantize(CENT) for line in lines],
        }
    )  # fmt: skip
    stamped = parquet(
        {
            "customer": [int(line.customer) for line in lines], "order": [line.order for line in lines],
            "at": [line.day for line in lines], "amount": [float(line.amount) for line in lines],
        }
    )  # fmt: skip
    large = draw(243, orders=9_000, customers=600, lines=(1, 3), step=0.11, customer="K{:04d}")
    small = draw(244, orders=6, customers=3, lines=(1, 1), step=31)
    german = text(
        table(
            lines, {"Kunde": "name", "Auftrag": "order", "Datum": "day", "Betrag": "amount"}, day="%d.%m.%Y", money="de"
        ),
        delimiter=";",
        encoding="cp1252",
    )
    slashes = text(
        table(lines, {"客户": "name", "单号": "order", "日期": "day", "金额": "amount"}, day="%Y/%m/%d"),
        encoding="gb18030",
    )
    zh = draw(245, orders=50, names=CHINESE)
    hundred = spell_money(Decimal(100), "plain")
    round_sums = [
        line._replace(price=Decimal(hundred), quantity=1, amount=Decimal(hundred))
        for line in draw(246, orders=60, lines=(1, 1), step=5)
    ]
    return [
        _log("times-at-many-hours-utc", hours, style={"day": "%Y-%m-%dT%H:%M:%SZ"}),
        _log("months-abroad-fr", lines, {"client": "name", "commande": "order", "date": lambda line: abroad[line.order], "montant": "amount"}, mapped=ours("client", "commande", "date", "montant")),
        Layout("workbook-with-a-sheet-a-year", {"orders.xlsx": workbook(sheets)}, MAPPED, far, job={"read": {"sheet": "*"}}, told=frozenset({"log_ends_early"})),  # a workbook is dated today
        Layout("monthly-files", monthly, MAPPED, lines, job={"source": "orders-2024-*.csv"}),
        _log("several-currencies-with-rates", foreign, PLAIN | {"amount": lambda line: str((line.amount / Decimal(rates.get(coded[line.number % 3], "1"))).quantize(CENT)), "currency": lambda line: coded[line.number % 3]}, mapped=MAPPED | {"currency": "currency"}, job={"rates": {"USD": 0.9, "CHF": 1.05}}),
        Layout("parquet-typed", {"orders.parquet": typed}, MAPPED, lines),
        Layout("parquet-with-times", {"orders.parquet": stamped}, ours("customer", "order", "at", "amount"), lines),
        _log("six-rows", small),
        _log("twenty-thousand-rows", large),
        Layout("german-commas", {"auftraege.csv": german}, ours("Kunde", "Auftrag", "Datum", "Betrag"), lines, days="%d.%m.%Y"),
        Layout("chinese-slashes", {"订单.csv": slashes}, ours("客户", "单号", "日期", "金额"), lines, currency="CNY"),
        _log("chinese-with-department", zh, {"客户名称": "name", "订单号": "order", "下单日期": "day", "金额": "amount", "部门": "=退货处理部", "业务员": "=张三"}, mapped=ours("客户名称", "订单号", "下单日期", "金额"), currency="CNY"),
        _log("round-sums-that-repeat", round_sums),
        _log("days-of-one-month", draw(247, orders=40, step=0.6, start="2024-03-01")),
    ]  # fmt: skip


LOGS = [*_shapes(), *_names_and_words(), *_days_and_files()]
