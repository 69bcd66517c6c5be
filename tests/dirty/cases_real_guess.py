"""Does `kalib init` name the right column where a wrong one sounds better, and say what is in doubt?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from case import Case, Content, Guessed, Row, written
from cases_real_days import HEADERS, MONTHS, YEAR
from cases_real_orders import BASKETS
from cases_real_repeats import ORDERS
from cases_real_sales import TAOBAO, YOUZAN
from tongues import DE, EN, ZH, Tongue

DAYS = [str(dt.date(2025, 1, 7) + dt.timedelta(6 * at)) for at in range(28)]
FIRMS = ("Aston Mills", "Birch Ltd", "Croft & Co", "Dover Inn", "Elder House", "Firth Bros", "Glen Hotel")
KUNDEN = ("Alpenhof", "Bäckerei Ernst", "Café Rio", "Dom Apotheke", "Eiche Möbel")
KEHU = ("安康药房", "北山酒家", "晨光文具", "德胜五金", "恩施茶行")


def _guess(name: str, content: Content, *verdicts: Guessed, file: str = "orders.csv") -> Case:
    return Case(f"init-{name}", {file: content}, verdicts)


def _ledger(header: Sequence[str], customers: Sequence[str], accounts: Sequence[str]) -> str:
    """A general ledger: day, document, account of the ledger, customer, amount."""
    return written(
        [
            (day, f"{9100 + at}", accounts[at % len(accounts)], customers[at % len(customers)], f"{90 + 3 * at}.00")
            for at, day in enumerate(DAYS)
        ],
        header=header,
    )


def _till(header: Sequence[str], customers: Sequence[str], cashiers: Sequence[str]) -> str:
    """A till: receipt, who stood at it, who bought, day, total."""
    return written(
        [
            (f"{500 + at}", cashiers[at % len(cashiers)], customers[at % len(customers)], day, f"{12 + 2 * at}.40")
            for at, day in enumerate(DAYS)
        ],
        header=header,
    )


def _reseller(header: Sequence[str]) -> str:
    """A warehouse: a key of the customer, and a number of its purchase order, which is another on each order."""
    return written(
        [
            (
                f"{300 + at % 9}",
                f"{640 + at // 2 % 6}",
                f"SO{71000 + at // 2}",
                f"{at % 2 + 1}",
                f"PO{5221400 + 37 * (at // 2)}",
                DAYS[at // 2],
                f"{at % 3 + 1}",
                f"{45 + at}.90",
            )
            for at in range(40)
        ],
        header=header,
    )


def _lines_of(number: str) -> str:
    return written(
        [
            (number.format(order=order, line=line), day, customer, amount)
            for customer, order, day, amounts in BASKETS
            for line, amount in enumerate(amounts, 1)
        ],
        header=("Invoice/Item Number", "Date", "Customer", "Sale"),
    )


def _totals(header: Sequence[str], back: Sequence[str]) -> str:
    """The total of the order on each of its lines, and one refund, which must not put the doubt to sleep."""
    lines = [
        (f"{customer} GmbH", order, day, f"P{line}", total)
        for customer, order, day, total, count in ORDERS
        for line in range(count)
    ]
    return written([*lines, back], header=header)


def _footed(tongue: Tongue, foot: str) -> str:
    return tongue.spell() + "\n\n" + foot


def _months(name: str) -> str:
    form, words = MONTHS[name]
    days = [dt.date.fromisoformat(row.day) for row in YEAR]
    told = [
        Row(
            row.customer,
            row.order,
            form.format(day=day.day, month=words.split()[day.month - 1], year=day.year),
            row.amount.replace(".", ","),
        )
        for row, day in zip(YEAR, days, strict=True)
    ]
    return written(told, header=HEADERS[name], delimiter=";")


CASES = [
    _guess(
        "general-ledger-en",
        _ledger(("Posting Date", "Document No", "Account", "Customer Name", "Amount"), FIRMS[:5], ("4000", "4010")),
        Guessed({"customer_id": "Customer Name", "order_date": "Posting Date", "amount": "Amount"}),
    ),
    _guess(
        "general-ledger-de",
        _ledger(("Buchungsdatum", "Belegnr", "Konto", "Debitor", "Betrag"), KUNDEN, ("8400", "8410")),
        Guessed({"customer_id": "Debitor", "order_date": "Buchungsdatum", "amount": "Betrag"}),
    ),
    _guess(
        "general-ledger-zh",
        _ledger(("记账日期", "凭证号", "科目", "客户名称", "金额"), KEHU, ("6001", "6051")),
        Guessed({"customer_id": "客户名称", "order_date": "记账日期", "amount": "金额"}),
    ),
    _guess(
        "till-en",
        _till(("Receipt No", "User", "Customer", "Date", "Total"), FIRMS, ("till-1", "till-2")),
        Guessed({"customer_id": "Customer", "order_id": "Receipt No", "amount": "Total"}),
    ),
    _guess(
        "till-fr",
        _till(("N° ticket", "Utilisateur", "Client", "Date", "Total"), FIRMS, ("Marie", "Paul")),
        Guessed({"customer_id": "Client", "order_id": "N° ticket", "amount": "Total"}),
    ),
    _guess(
        "till-zh",
        _till(("小票号", "收银员", "会员", "日期", "金额"), KEHU, ("王", "李")),
        Guessed({"customer_id": "会员", "order_id": "小票号", "amount": "金额"}),
    ),
    _guess(
        "purchase-order-number-en",
        _reseller(
            (
                "ProductKey",
                "ResellerKey",
                "SalesOrderNumber",
                "LineNumber",
                "CustomerPONumber",
                "OrderDate",
                "OrderQuantity",
                "SalesAmount",
            )
        ),
        Guessed({"customer_id": "ResellerKey", "order_id": "SalesOrderNumber", "amount": "SalesAmount"}),
    ),
    _guess(
        "purchase-order-number-de",
        _reseller(
            (
                "Artikel",
                "Händlernr",
                "Auftragsnr",
                "Position",
                "Kundenbestellnummer",
                "Auftragsdatum",
                "Menge",
                "Betrag",
            )
        ),
        Guessed({"customer_id": "Händlernr", "order_id": "Auftragsnr", "amount": "Betrag"}),
    ),
    _guess(
        "purchase-order-number-zh",
        _reseller(("商品编码", "经销商编码", "订单号", "行号", "客户采购单号", "下单日期", "数量", "金额")),
        Guessed({"customer_id": "经销商编码", "order_id": "订单号", "amount": "金额"}),
    ),
    _guess(
        "paid-date-as-the-only-date-zh",
        TAOBAO,
        Guessed({"customer_id": "买家昵称", "order_date": "付款日期", "amount": "实付金额"}, words=["订单状态"]),
    ),
    _guess(
        "paid-date-as-the-only-date-en",
        EN.spell().replace("Order Date", "Paid at", 1),
        Guessed({"order_date": "Paid at", "customer_id": "Customer"}),
    ),
    _guess(
        "paid-date-as-the-only-date-de",
        DE.spell().replace("Auftragsdatum", "Zahlungsdatum", 1),
        Guessed({"order_date": "Zahlungsdatum", "customer_id": "Kunde"}),
    ),
    _guess(
        "paid-date-beside-the-order-date",
        ZH.spell(付款日期=[row.day for row in ZH.log]),
        Guessed({"order_date": "下单日期", "paid_date": "付款日期"}),
    ),
    _guess(
        "status-youzan",
        YOUZAN,
        Guessed({"order_id": "订单编号", "order_date": "订单创建时间"}, words=["订单状态"]),
        file="订单.csv",
    ),
    _guess(
        "status-en",
        EN.spell(Status=dict.fromkeys(EN.orders, "Complete") | {EN.orders[1]: "Cancelled"}),
        Guessed({"order_id": "Order No"}, words=["Cancelled"]),
    ),
    _guess("order-is-line-en", _lines_of("INV-{order}{line:05d}"), Guessed(words=["order_is_line|order_pattern"])),
    _guess("order-is-line-slash", _lines_of("{order}/{line}"), Guessed(words=["order_is_line|order_pattern"])),
    _guess(
        "order-is-line-no-doubt",
        EN.spell(),
        Guessed({"order_id": "Order No"}, unsaid=["order_is_line", "order_pattern"]),
    ),
    _guess(
        "order-totals-and-a-refund-en",
        _totals(("customer", "order", "day", "sku", "amount"), ("B GmbH", "37", "2025-05-02", "P9", "-20.00")),
        Guessed(
            {"order_id": "order"}, words=["order_total_on_lines|same on all lines|total of the order|order's total"]
        ),
    ),
    _guess(
        "order-totals-and-a-refund-de",
        _totals(("Kunde", "Auftrag", "Datum", "Artikel", "Betrag"), ("B GmbH", "37", "2025-05-02", "P9", "-20.00")),
        Guessed(
            {"order_id": "Auftrag"}, words=["order_total_on_lines|same on all lines|total of the order|order's total"]
        ),
    ),
    _guess(
        "footer-en",
        _footed(
            EN,
            "Grand Totals (10 Records),,,4244.60\nConfidential Information - Do Not Distribute\nGenerated By: A. Person 30/06/2025\n",
        ),
        Guessed({"amount": "Net Amount"}, words=["4,244.6|4244.6"], unsaid=["8489.2", "8,489.2"]),
    ),
    _guess(
        "footer-zh",
        _footed(ZH, "总计 (10 条记录),,,104795.50\n机密 - 请勿外传\n"),
        Guessed({"amount": "金额"}, words=["104,795.5|104795.5"], unsaid=["209591", "209,591"]),
    ),
    _guess(
        "months-danish",
        _months("danish"),
        Guessed(
            {"customer_id": HEADERS["danish"][0], "order_date": HEADERS["danish"][2]}
        ),  # Danish is not read by name
    ),
    _guess(
        "months-portuguese",
        _months("portuguese"),
        Guessed(dict(zip(("customer_id", "order_id", "order_date", "amount"), HEADERS["portuguese"], strict=True))),
    ),
    _guess(
        "months-italian",
        _months("italian"),
        Guessed(dict(zip(("customer_id", "order_id", "order_date", "amount"), HEADERS["italian"], strict=True))),
    ),
]
