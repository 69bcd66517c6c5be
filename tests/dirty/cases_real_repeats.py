"""Is money counted more than once? Exports that hold everything twice, and the order's total on each of its lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from case import COLUMNS, Case, Doubted, Gives, Row, Used, text_case, written
from tongues import DE, EN, ES, FR, IT, JA, ZH, Tongue, rows


def _twice(tongue: Tongue, name: str, content: Sequence[Row], net: str) -> Case:
    """Every row of the log stands twice; either it is asked, or the second one is left out and said."""
    double = f"{2 * float(net):.2f}"
    return text_case(
        f"rows-twice-{name}-{tongue.code}",
        tongue.spell(content),
        Doubted("rows_twice", [Gives(double, 10), Gives(net, 10)], tongue.log, net=net, orders=10),
        Used(tongue.log, len(tongue.log), net=net, orders=10),
        **tongue.job(),
    )


BIG = [
    Row(
        f"C{at % 23:02d}",
        f"{7000 + at // 2}",
        str(dt.date(2024, 1, 2) + dt.timedelta(at // 2)),
        f"{10 + at % 50}.{at % 10}5",
    )
    for at in range(150)
]
BIG_ORDERS = 150  # two customers share each number, and a number of another's is another order
BIG_NET = "5250.00"  # 150 rows: three times 10 to 59, which is 5,175, and fifteen times .05 to .95, which is 75


def _big(name: str, content: Sequence[Row]) -> Case:
    return text_case(
        f"rows-twice-big-{name}",
        written(content),
        Doubted(
            "rows_twice",
            [Gives("10500.00"), Gives(BIG_NET)],
            BIG,
            net=BIG_NET,
            orders=BIG_ORDERS,
            beside=["order_shared"],
        ),
        Used(BIG, 150, net=BIG_NET, orders=BIG_ORDERS),
    )


# Orders of one, two and three lines, each line with the money of the whole order.
ORDERS = (
    ("A", "31", "2025-01-08", "342.00", 3),
    ("B", "32", "2025-01-17", "96.40", 2),
    ("C", "33", "2025-01-29", "58.10", 1),
    ("A", "34", "2025-02-19", "311.75", 3),
    ("B", "35", "2025-03-06", "104.90", 2),
    ("A", "36", "2025-03-27", "287.20", 4),
    ("C", "37", "2025-04-24", "61.35", 1),
    ("D", "38", "2025-05-08", "419.00", 2),
    ("B", "39", "2025-05-29", "112.65", 2),
    ("A", "40", "2025-06-18", "298.30", 3),
)
# Once: 2,091.65. On each line: 1,026.00 + 192.80 + 58.10 + 935.25 + 209.80 + 1,148.80 + 61.35 + 838.00 + 225.30 + 894.90.
ONCE, EACH = "2091.65", "5590.30"
NAMES = {
    "en": ("Amber Inn", "Brook Farm", "Clay & Co", "Dale House"),
    "de": ("Apotheke am Markt", "Brauhaus Veit", "Café Clara", "Druckerei Dorn"),
    "zh": ("安和堂", "博雅书店", "长青超市", "东升五金"),
    "fr": ("Auberge du Lac", "Brasserie Nord", "Crêperie Yann", "Domaine Ferret"),
    "es": ("Almacén Ruiz", "Bar Paco", "Casa Lola", "Droguería Sanz"),
    "ja": ("青葉堂", "文華書房", "千代田食品", "大和屋"),
}


def _ordered(tongue: Tongue, *, each: bool) -> list[Row]:
    names = dict(zip("ABCD", NAMES[tongue.code], strict=True))
    return [
        Row(names[customer], order, day, total)
        for customer, order, day, total, lines in ORDERS
        for _ in range(lines if each else 1)
    ]


def _total_on_lines(tongue: Tongue, header: str, *, refund: bool = False, few: bool = False) -> Case:
    """The total of the order on each of its lines, beside what was bought."""
    each, once = _ordered(tongue, each=True), _ordered(tongue, each=False)
    net, sum_of_all, orders = ONCE, EACH, 10
    if few:  # three orders of six lines
        each, once, net, sum_of_all, orders = each[:6], once[:3], "496.50", "1276.90", 3
    if refund:
        back = once[2]._replace(order="37", day="2025-05-02", amount="-20.00")
        each, once, net, sum_of_all = [*each, back], [*once, back], "2071.65", "5570.30"
    name = "-one-refund" if refund else "-few-orders" if few else ""
    return text_case(
        f"order-total-on-lines{name}-{tongue.code}",
        tongue.spell(each, amount=header, **{tongue.headers["product"]: _goods(tongue, each)}),
        Doubted("order_total_on_lines", [Gives(sum_of_all, orders), Gives(net, orders)], once, net=net, orders=orders),
        **tongue.job(amount=header, product=tongue.headers["product"]),
    )


def _goods(tongue: Tongue, lines: Sequence[Row]) -> list[str]:
    """Return what each line sells, no two of one order the same."""
    return [tongue.goods[at % len(tongue.goods)] for at, _ in enumerate(lines)]


EQUAL_LINES = rows("""
Fern Cottage | 610 | 2025-01-15 | 12.50
Fern Cottage | 610 | 2025-01-15 | 12.50
Fern Cottage | 610 | 2025-01-15 | 31.00
Gable End | 611 | 2025-01-22 | 48.00
Gable End | 611 | 2025-01-22 | 12.50
Fern Cottage | 612 | 2025-03-12 | 27.25
Hill View | 613 | 2025-04-09 | 12.50
Hill View | 613 | 2025-04-09 | 64.75
Gable End | 614 | 2025-06-11 | 39.90
""")
"""A line that stands twice in one order, because two cups were scanned one by one."""
STANDING = [Row("Büro Lenz", f"L-{at:03d}", str(dt.date(2025, 5, 5) + dt.timedelta(at)), "9.80") for at in range(25)]
"""A bread basket each morning: another order, another day, the same money."""
SAME_PRICE = rows("""
阳光幼儿园 | P01 | 2025-01-13 | 300.00
阳光幼儿园 | P01 | 2025-01-13 | 300.00
蓝天小学 | P02 | 2025-01-20 | 450.00
蓝天小学 | P02 | 2025-01-20 | 180.00
阳光幼儿园 | P03 | 2025-02-24 | 120.00
阳光幼儿园 | P03 | 2025-02-24 | 360.00
白云中学 | P04 | 2025-03-17 | 275.00
白云中学 | P04 | 2025-03-17 | 90.00
蓝天小学 | P05 | 2025-04-21 | 150.00
蓝天小学 | P05 | 2025-04-21 | 405.00
白云中学 | P06 | 2025-05-19 | 210.00
白云中学 | P06 | 2025-05-19 | 330.00
""")
"""One order of two different goods that happen to cost the same, among others that do not."""
SAME_PRICE_GOODS = ["画笔", "画纸", "课本", "尺子", "蜡笔", "画架", "地图", "粉笔", "胶水", "书包", "圆规", "字典"]
PRODUCT = COLUMNS | {"product": "product"}

CASES = [
    *(_twice(tongue, "beside", [row for row in tongue.log for _ in range(2)], tongue.net) for tongue in (EN, DE, ZH)),
    *(_twice(tongue, "below", [*tongue.log, *tongue.log], tongue.net) for tongue in (EN, FR, JA)),
    _twice(IT, "upside-down", [*IT.log, *reversed(IT.log)], IT.net),
    _big("beside", [row for row in BIG for _ in range(2)]),
    _big("below", [*BIG, *BIG]),
    text_case(
        "rows-twice-settled",
        ES.spell([*ES.log, *ES.log]),
        Used(ES.log, 12, net=ES.net, orders=10),
        **ES.job(),
        read={"duplicates": "drop"},
    ),
    text_case(
        "rows-twice-kept",
        ES.spell([*ES.log, *ES.log]),
        Used([*ES.log, *ES.log], net="8778.10", orders=10),
        **ES.job(),
        read={"duplicates": "keep"},
    ),
    text_case(
        "rows-twice-of-two-equal-lines",
        written(EQUAL_LINES),
        Used(EQUAL_LINES, net="260.90", orders=5, untold=["rows_twice", "order_total_on_lines"]),
    ),
    text_case(
        "rows-twice-of-a-standing-order",
        written(STANDING),
        Used(STANDING, net="245.00", orders=25, untold=["rows_twice"]),
    ),
    _total_on_lines(EN, "Order Total"),
    _total_on_lines(DE, "Auftragswert"),
    _total_on_lines(ZH, "订单总额"),
    _total_on_lines(FR, "Total commande"),
    _total_on_lines(ES, "Total pedido", few=True),
    _total_on_lines(EN, "order_total", few=True),
    _total_on_lines(ZH, "订单金额", few=True),
    _total_on_lines(EN, "Amount", refund=True),
    _total_on_lines(DE, "Betrag", refund=True),
    _total_on_lines(JA, "受注合計", refund=True),
    text_case(
        "order-total-on-lines-of-one-price",
        "customer,order,day,amount,product\n"
        + "".join(",".join((*row, good)) + "\n" for row, good in zip(SAME_PRICE, SAME_PRICE_GOODS, strict=True)),
        Used(SAME_PRICE, net="3170.00", orders=6, untold=["order_total_on_lines", "rows_twice"]),
        columns=PRODUCT,
    ),
    text_case(
        "order-total-on-lines-that-differ-de",
        DE.spell(Artikel=DE.products()),
        Used(DE.log, net=DE.net, orders=10, untold=["order_total_on_lines"]),
        **DE.job(product="Artikel"),
    ),
]
