"""What is an order, and what does a return cancel? Numbers of lines, numbers that come back, call-offs, credits that name their order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from case import Case, Doubted, Gives, Met, Row, Used, text_case, written
from tongues import DE, EN, ES, FR, JA, PT, ZH, Tongue, rows

# Eight orders of two to four lines: customer, order, day, and the money of each line.
BASKETS: Sequence[tuple[str, str, str, tuple[str, ...]]] = (
    ("C01", "1041", "2025-01-09", ("12.40", "30.05", "7.15")),
    ("C02", "1042", "2025-01-17", ("55.20", "18.90")),
    ("C03", "1043", "2025-02-04", ("9.99", "41.60", "23.75", "14.30")),
    ("C01", "1044", "2025-02-20", ("31.45", "8.25")),
    ("C04", "1045", "2025-03-11", ("64.00", "19.35", "27.80")),
    ("C02", "1046", "2025-04-02", ("49.90", "11.15", "16.05")),
    ("C03", "1047", "2025-05-14", ("22.35", "37.70")),
    ("C01", "1048", "2025-06-19", ("13.60", "45.25", "10.85", "5.95")),
)
BASKETS_NET = "576.99"


def _lines(order: str = "{order}") -> list[Row]:
    """Return the lines of the baskets; ``order`` says how the number of the order, and of the line in it, is written."""
    return [
        Row(customer, order.format(order=number, line=line, day=day.replace("-", "")), day, amount)
        for customer, number, day, amounts in BASKETS
        for line, amount in enumerate(amounts, 1)
    ]


def _order_is_line(name: str, order: str, headers: Sequence[str]) -> Case:
    """A number that is another on every line; what it begins with is the order."""
    columns = dict(zip(("customer_id", "order_id", "order_date", "amount"), headers, strict=True))
    return text_case(
        f"order-is-line-{name}",
        written(_lines(order), header=headers),
        Doubted("order_is_line", [Gives(BASKETS_NET, 23), Gives(BASKETS_NET, 8)], _lines(), net=BASKETS_NET, orders=8),
        columns=columns,
    )


def _single(tongue: Tongue) -> list[Row]:
    """Return the first line of each order: as many numbers as rows, and honestly so."""
    seen = {row.order: row for row in reversed(tongue.log)}
    return [row for row in tongue.log if seen[row.order] == row]


DAILY = [
    Row("Kiosk Nord", f"{4400 + at}", str(dt.date(2025, 5, 1) + dt.timedelta(at)), f"{20 + at % 7}.{at + 10}")
    for at in range(40)
]
# A new sheet each year, and numbers from one; both years have the same customers.
YEAR_ONE = rows("""
Alder Joinery | 1 | 2023-01-09 | 410.00
Beech & Co | 2 | 2023-02-10 | 185.50
Alder Joinery | 3 | 2023-06-01 | 395.25
Cedar Works | 4 | 2023-09-14 | 77.40
""")
YEAR_TWO = rows("""
Alder Joinery | 1 | 2024-01-08 | 430.00
Beech & Co | 2 | 2024-03-11 | 190.00
Alder Joinery | 3 | 2024-12-30 | 421.75
Cedar Works | 4 | 2024-10-02 | 81.10
""")
BOTH_YEARS = (*YEAR_ONE, *YEAR_TWO)
YEARS = {  # customers and the way the number starts again
    "en": ("Alder Joinery", "Beech & Co", "Cedar Works"),
    "de": ("Tischlerei Ahorn", "Buche & Sohn", "Zeder Bau"),
    "zh": ("樟木行", "榉木坊", "松柏建材"),
    "es": ("Carpintería Olmo", "Haya Hermanos", "Cedro Obras"),
}


def _renamed(tongue: Tongue, years: Sequence[Row]) -> list[Row]:
    names = dict(zip(YEARS["en"], YEARS[tongue.code], strict=True))
    return [row._replace(customer=names[row.customer]) for row in years]


def _restart(tongue: Tongue) -> Case:
    """Eight orders of which four have the numbers of the other four, a year before."""
    every = _renamed(tongue, BOTH_YEARS)
    return text_case(
        f"order-numbers-restart-{tongue.code}",
        tongue.spell(every),
        Used(every, net="2191.00", orders=8, told=["order_comes_back"]),
        **tongue.job(),
    )


def _restart_two_files(tongue: Tongue) -> Case:
    """A file a year, each with numbers from one."""
    first, second = _renamed(tongue, YEAR_ONE), _renamed(tongue, YEAR_TWO)
    return Case(
        f"order-numbers-restart-two-files-{tongue.code}",
        {"orders-2023.csv": tongue.spell(first), "orders-2024.csv": tongue.spell(second)},
        [Used([*first, *second], net="2191.00", orders=8, told=["order_comes_back"])],
        source=["orders-2023.csv", "orders-2024.csv"],
        columns=tongue.columns(),
        job=tongue.dates,
    )


def _monthly(customer: str, order: str, months: int, amount: str, *, day: int = 15) -> list[Row]:
    """Return a delivery a month of one order, of one amount."""
    return [
        Row(customer, order, f"{2024 + (at + 5) // 12}-{(at + 5) % 12 + 1:02d}-{day:02d}", amount)
        for at in range(months)
    ]


def _call_offs(tongue: Tongue, header: str, order: str, amount: str, net: str) -> Case:
    """An order of a year, delivered in twelve parts, beside the log of others."""
    frame = _monthly(tongue.log[0].customer, order, 12, amount)
    return text_case(
        f"framework-call-offs-{tongue.code}",
        tongue.spell([*frame, *tongue.log[2:]]).replace(tongue.headers["order_date"], header, 1),
        Used([*frame, *tongue.log[2:]], net=net, orders=21, told=["order_comes_back"]),
        **tongue.job(order_date=header),
    )


WEEKLY = [
    Row("联华超市", "KJ-2025-03", str(dt.date(2025, 1, 6) + dt.timedelta(7 * at)), f"{800 + at}.50") for at in range(20)
]
# From 6 January: days 0, 7, ... 56 are one order; each of the eleven from day 63 on is more than 60 days after it began: twelve.
PARTS = rows("""
Marlow Interiors | 8800 | 2025-03-03 | 640.00
Marlow Interiors | 8800 | 2025-03-12 | 215.00
Marlow Interiors | 8800 | 2025-03-28 | 130.50
Finch Studio | 8801 | 2025-03-05 | 88.00
Finch Studio | 8802 | 2025-04-09 | 91.20
Marlow Interiors | 8803 | 2025-06-10 | 402.10
""")
JUST_NOT = rows("""
Ann | 1 | 2025-01-01 | 10.00
Ann | 1 | 2025-01-28 | 12.00
Ben | 2 | 2025-01-01 | 20.00
Ben | 2 | 2025-01-29 | 24.00
Cal | 3 | 2025-01-01 | 30.00
Cal | 3 | 2025-01-22 | 31.00
Cal | 3 | 2025-02-12 | 32.00
Cal | 3 | 2025-03-02 | 33.00
Dot | 4 | 2025-01-01 | 40.00
Dot | 4 | 2025-01-22 | 41.00
Dot | 4 | 2025-02-12 | 42.00
Dot | 4 | 2025-03-03 | 43.00
""")
"""27 days after is the same order, 28 is another; 60 days after its beginning is the same, 61 is another."""


def _parent(tongue: Tongue, group: str, shops: tuple[str, str], header: tuple[str, str]) -> Case:
    """Two shops of a group number their orders themselves; rolled up, number 1 of one is not number 1 of the other."""
    one, two = shops
    bought = rows(f"""
{one} | 1 | 2025-01-07 | 110.00
{two} | 1 | 2025-03-18 | 240.00
{one} | 2 | 2025-02-12 | 95.40
{two} | 2 | 2025-05-22 | 205.60
{two} | 3 | 2025-05-23 | 14.00
{one} | 3 | 2025-05-23 | 17.00
Solo | 9 | 2025-06-20 | 61.00
""")
    rolled = [
        row._replace(customer=row.customer if row.customer == "Solo" else group, order=f"{row.customer} {row.order}")
        for row in bought
    ]
    names = dict(zip(("customer_id", "parent_id"), header, strict=True))
    accounts = written([(one, group), (two, group), (group, ""), ("Solo", "")], header=header)
    return Case(
        f"parent-own-order-numbers-{tongue.code}",
        {"orders.csv": tongue.spell(bought), "accounts.csv": accounts},
        [Used(rolled, net="743.00", orders=7)],
        job={"accounts": {"source": "accounts.csv", "columns": names}, "level": "parent", **tongue.dates},
        columns=tongue.columns(),
        whole=True,
    )


def _whole(name: str, content: Sequence[Row], verdict: Used, *, tongue: Tongue = EN) -> Case:
    return text_case(name, tongue.spell(content), verdict, whole=True, **tongue.job())


# The refund has the number of the first order; the last order before it is as large.
NAMED = {
    "en": ("Ivy Court", "Q-501", "Q-507", "128.40"),
    "de": ("Praxis Dr. Roth", "R-3310", "R-3342", "212.90"),
    "zh": ("和平药房", "XS-0101", "XS-0139", "860.00"),
    "fr": ("Pharmacie Morel", "F-771", "F-790", "146.35"),
}
OTHER = {"en": "Oak Lodge", "de": "Café Anker", "zh": "东风诊所", "fr": "Atelier Noé"}


def _names_its_order(tongue: Tongue) -> Case:
    customer, first, second, amount = NAMED[tongue.code]
    told = [
        Row(customer, first, "2025-01-10", amount),
        Row(customer, second, "2025-05-09", amount),
        Row(customer, first, "2025-05-30", f"-{amount}"),
        Row(OTHER[tongue.code], "X-1", "2025-06-20", "51.00"),
    ]
    verdict = Used(told, orders=2, met=[Met("return", 1)], void=[(customer, first)])
    return _whole(f"refund-names-its-order-{tongue.code}", told, verdict, tongue=tongue)


def _two_lines(tongue: Tongue) -> Case:
    """Both lines of the first order come back under its number; the second order has a line as large as one of them."""
    customer, first, second, amount = NAMED[tongue.code]
    told = [
        Row(customer, first, "2025-01-10", amount),
        Row(customer, first, "2025-01-10", "33.00"),
        Row(customer, second, "2025-05-09", amount),
        Row(customer, first, "2025-05-30", f"-{amount}"),
        Row(customer, first, "2025-05-30", "-33.00"),
        Row(OTHER[tongue.code], "X-1", "2025-06-20", "51.00"),
    ]
    goods = [tongue.goods[0], tongue.goods[1], tongue.goods[0], tongue.goods[0], tongue.goods[1], tongue.goods[0]]
    quantities = ["1", "1", "1", "-1", "-1", "1"]
    return text_case(
        f"refund-of-two-lines-{tongue.code}",
        tongue.spell(told, **{tongue.headers["product"]: goods, tongue.headers["qty"]: quantities}),
        Used(told, orders=2, met=[Met("return", 2)], void=[(customer, first)]),
        **tongue.job(product=tongue.headers["product"], quantity=tongue.headers["qty"]),
        whole=True,
    )


def _fees(customer: str, fee: str, *, first: int = 1) -> list[Row]:
    """Return a fee on the third of each month of 2024-07 to 2025-06, each an order."""
    return [
        Row(customer, f"{first + at}", f"{2024 + (at + 6) // 12}-{(at + 6) % 12 + 1:02d}-03", fee) for at in range(12)
    ]


def _goodwill(tongue: Tongue, credit: str) -> Case:
    """A credit as large as the monthly fee, under a number of its own: money, and no cancelled order."""
    customer, *_, fee = NAMED[tongue.code]
    told = [
        *_fees(customer, fee),
        Row(customer, credit, "2025-06-17", f"-{fee}"),
        Row(OTHER[tongue.code], "77", "2025-06-24", "5.00"),
    ]
    return _whole(
        f"goodwill-credit-equals-fee-{tongue.code}", told, Used(told, orders=13, met=[Met("return", 1)]), tongue=tongue
    )


CANCELLED_NEXT_DAY = [
    *EN.log,
    Row("Harbour Cafe", "SO-20172", "2025-06-25", "77.70"),
    Row("Harbour Cafe", "CR-31", "2025-06-26", "-77.70"),
]
# A sample sent later, and a wish list that came to nothing: money is nought, and nobody has bought.
SAMPLES = {
    "en": rows("""
Quay Street | 1 | 2023-01-05 | 140.00
Quay Street | 2 | 2025-05-05 | 0.00
Mill House | 3 | 2025-06-20 | 52.00
"""),
    "de": rows("""
Weinhaus Rau | 11 | 2023-02-16 | 310.50
Weinhaus Rau | 12 | 2025-06-04 | 0.00
Weinhaus Rau | 12 | 2025-06-04 | 0.00
Feinkost Abel | 13 | 2025-06-24 | 88.00
"""),
    "zh": rows("""
城西书店 | S01 | 2023-03-08 | 1260.00
城西书店 | S02 | 2025-04-21 | 0.00
城南文具 | S03 | 2025-06-18 | 345.00
城南文具 | S03 | 2025-06-18 | 0.00
"""),
    "pt": rows("""
Doces da Vila | 91 | 2023-05-23 | 205.00
Doces da Vila | 92 | 2025-06-09 | 0.00
Empório Sul | 93 | 2025-06-25 | 77.30
"""),
}
KEPT = {"en": 2, "de": 2, "zh": 2, "pt": 2}
CANCELLED_AT_ZERO = [
    Row("Rue Verte", "401", "2023-02-03", "96.00"),
    Row("Rue Verte", "402", "2023-03-07", "104.00"),
    *(Row("Rue Verte", f"{410 + at}", f"2024-{at:02d}-11", "0.00") for at in range(1, 13)),
    Row("Côté Cour", "430", "2025-06-20", "58.00"),
]

CASES = [
    _order_is_line("invoice-item", "INV-{order}{line:05d}", ("Customer", "Invoice/Item Number", "Date", "Sale")),
    _order_is_line("de-position", "RE2025-{order}-{line:02d}", ("Kunde", "Rechnungsposition", "Datum", "Betrag")),
    _order_is_line("zh-branch", "XS{day}{order}-{line}", ("客户", "单据编号", "日期", "金额")),
    _order_is_line("ja-row", "{order}/{line}", ("得意先", "伝票番号", "売上日", "金額")),
    _order_is_line("fr-line", "CMD{order}_L{line}", ("Client", "N° ligne", "Date", "Montant")),
    *(
        text_case(
            f"order-of-one-line-each-{tongue.code}",
            tongue.spell(_single(tongue)),
            Used(_single(tongue), orders=10, untold=["order_is_line"]),
            **tongue.job(),
        )
        for tongue in (EN, ZH, DE, FR)
    ),
    text_case("order-each-day", written(DAILY), Used(DAILY, orders=40, untold=["order_is_line", "rows_twice"])),
    *(_restart(tongue) for tongue in (EN, DE, ZH, ES)),
    *(_restart_two_files(tongue) for tongue in (EN, DE, ZH)),
    text_case(
        "order-number-back-in-parts",
        written(PARTS),
        Used(PARTS, net="1566.80", orders=4, untold=["order_comes_back"]),
    ),
    text_case("order-number-back-on-the-edge", written(JUST_NOT), Used(JUST_NOT, net="358.00", orders=6)),
    _call_offs(EN, "Delivery date", "FW-4500", "1150.00", "17684.10"),
    _call_offs(DE, "Lieferdatum", "RV-22/0815", "640.50", "12094.90"),
    _call_offs(FR, "Date de livraison", "CC-2024-07", "720.00", "12996.80"),
    _call_offs(JA, "納品日", "WK-0077", "88000", "1753630.00"),
    text_case(
        "framework-call-offs-each-week-zh",
        ZH.spell([*WEEKLY, *ZH.log]),
        Used([*WEEKLY, *ZH.log], net="120995.50", orders=22, told=["order_comes_back"]),
        **ZH.job(),
    ),
    _parent(EN, "GROUP", ("Shop East", "Shop West"), ("customer_id", "parent_id")),
    _parent(DE, "Konzern", ("Filiale Nord", "Filiale Süd"), ("Kundennr", "Konzern-Nr")),
    _parent(ZH, "集团", ("东区门店", "西区门店"), ("客户编号", "上级客户")),
    *(_names_its_order(tongue) for tongue in (EN, DE, ZH, FR)),
    *(_two_lines(tongue) for tongue in (EN, DE, ZH)),
    _goodwill(EN, "CN-1"),
    _goodwill(DE, "GS-2025-01"),
    _goodwill(ZH, "红字001"),
    _goodwill(FR, "AV-12"),
    _whole(
        "refund-on-the-day-after-without-a-name",
        CANCELLED_NEXT_DAY,
        Used(CANCELLED_NEXT_DAY, net="4244.60", orders=10, met=[Met("return", 1)], void=[("Harbour Cafe", "SO-20172")]),
    ),
    *(
        _whole(
            f"order-of-no-money-{code}",
            SAMPLES[code],
            Used(SAMPLES[code], orders=KEPT[code], met=[Met("amount_zero", None)]),
            tongue={"en": EN, "de": DE, "zh": ZH, "pt": PT}[code],
        )
        for code in SAMPLES
    ),
    _whole(
        "order-cancelled-to-no-money",
        CANCELLED_AT_ZERO,
        Used(CANCELLED_AT_ZERO, net="258.00", orders=3, met=[Met("amount_zero", 12)]),
        tongue=FR,
    ),
]
