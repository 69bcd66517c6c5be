"""Which rows are sales? Status and type columns, debit and credit, ledgers with the sign turned, refunds in a column of their own."""

from __future__ import annotations

from case import COLUMNS, Case, Doubted, Gives, Met, Row, Used, text_case
from tongues import DE, EN, ES, FR, IT, JA, KO, PT, TONGUES, ZH, Tongue, opposite, rows, turned

REST = {  # net of the log without its second and fifth order
    "en": "2167.35",
    "zh": "44045.50",
    "de": "2234.10",
    "fr": "2008.30",
    "es": "2113.25",
    "pt": "2292.70",
    "it": "1876.10",
    "ja": "349530.00",
    "ko": "3495800.00",
}
WORDS = {  # what was sold, what came to nothing: the second order, the fifth
    "en": ("Complete", "Cancelled", "Refunded"),
    "zh": ("交易成功", "交易关闭", "退款成功"),
    "de": ("Abgeschlossen", "Storniert", "Erstattet"),
    "fr": ("Terminée", "Annulée", "Remboursée"),
    "es": ("Completado", "Cancelado", "Reembolsado"),
    "pt": ("Concluído", "Cancelado", "Reembolsado"),
    "it": ("Completato", "Annullato", "Rimborsato"),
    "ja": ("出荷済み", "キャンセル", "返金済み"),
    "ko": ("배송완료", "주문취소", "환불완료"),
}
GOOD = {  # all of them sales, on their way
    "en": ("Shipped", "Delivered", "Complete"),
    "zh": ("交易成功", "卖家已发货", "已签收"),
    "de": ("Versandt", "Geliefert", "Abgeschlossen"),
    "es": ("Enviado", "Entregado", "Completado"),
    "ja": ("出荷済み", "配達完了", "発送準備中"),
}
TYPES = {  # a sale, and two documents that take money off
    "en": ("Invoice", "RMA", "Chargeback"),
    "zh": ("销售出库", "红冲", "退货"),
    "de": ("Rechnung", "Stornorechnung", "Gutschrift"),
    "fr": ("Facture", "Avoir", "Note de crédit"),
    "es": ("Factura", "Abono", "Devolución"),
    "pt": ("Fatura", "Nota de crédito", "Devolução"),
    "it": ("Fattura", "Nota di credito", "Reso"),
    "ja": ("売上", "返品", "赤伝"),
    "ko": ("판매", "반품", "환불"),
}
OFF = {  # net of the log when its second and fifth order take money off
    "en": "90.10",
    "zh": "-16704.50",
    "de": "-193.20",
    "fr": "-592.20",
    "es": "-162.55",
    "pt": "-470.50",
    "it": "-541.30",
    "ja": "-53070.00",
    "ko": "-530200.00",
}
LAST = {  # of the log less its fifth order, and with the fifth taken off once more: what is sold is most of it
    "en": ("4244.60", "2344.10"),
    "zh": ("104795.50", "48095.50"),
    "de": ("4661.40", "2576.80"),
    "fr": ("4608.80", "2391.80"),
    "es": ("4389.05", "2357.45"),
    "it": ("4293.50", "2138.70"),
}


def _by_order(tongue: Tongue, good: str, second: str, fifth: str) -> dict[str, str]:
    """Return a word for each order of the log."""
    return dict.fromkeys(tongue.orders, good) | {tongue.orders[1]: second, tongue.orders[4]: fifth}


def _status(tongue: Tongue, name: str, *, mapped: bool = False) -> Case:
    """A column of statuses in which two orders, half of the money, came to nothing."""
    header = tongue.headers["status"]
    more = {"order_status": header} if mapped else {}
    return text_case(
        f"status-{name}-{tongue.code}",
        tongue.spell(**{header: _by_order(tongue, *WORDS[tongue.code])}),
        Doubted(
            "status_unclear",
            [Gives(tongue.net, 10), Gives(REST[tongue.code], 8)],
            tongue.rest,
            net=REST[tongue.code],
            orders=8,
        ),
        **tongue.job(**more),
    )


def _status_good(tongue: Tongue) -> Case:
    """A column of statuses of orders on their way: nothing to ask."""
    words = GOOD[tongue.code]
    return text_case(
        f"status-all-good-{tongue.code}",
        tongue.spell(**{tongue.headers["status"]: {order: words[at % 3] for at, order in enumerate(tongue.orders)}}),
        Used(tongue.log, net=tongue.net, orders=10, untold=["status_unclear", "type_unclear"]),
        **tongue.job(),
    )


def _type(tongue: Tongue, name: str, *, mapped: bool = True) -> Case:
    """A column of types in which two documents take money off, written without a minus."""
    header, off = tongue.headers["type"], turned(tongue.log, tongue.orders[1], tongue.orders[4])
    more = {"order_type": header} if mapped else {}
    return text_case(
        f"type-{name}-{tongue.code}",
        tongue.spell(**{header: _by_order(tongue, *TYPES[tongue.code])}),
        Doubted(
            "type_unclear" if mapped else "type_unclear|status_unclear",
            [Gives(tongue.net, 10), Gives(OFF[tongue.code], 8)],
            off,
            net=OFF[tongue.code],
            orders=8,
        ),
        **tongue.job(**more),
    )


def _debit(tongue: Tongue, header: str, debit: str, credit: str) -> Case:
    """A column says that one document in ten is a credit; its money has no minus."""
    fifth = tongue.orders[4]
    back = turned(tongue.log, fifth)
    as_is, right = LAST[tongue.code]
    return text_case(
        f"debit-credit-{tongue.code}" + ("-short" if header == "D/C" else ""),
        tongue.spell(**{header: dict.fromkeys(tongue.orders, debit) | {fifth: credit}}),
        Doubted("debit_credit", [Gives(as_is, 10), Gives(right, 9)], back, net=right, orders=9),
        **tongue.job(),
    )


def _sign(tongue: Tongue, back: str) -> Case:
    """A revenue account, in which a sale has a minus and what came back, the fifth order, has none."""
    fifth = tongue.orders[4]
    right = turned(tongue.log, fifth)
    booked = [row._replace(amount=opposite(row.amount)) for row in right]
    net = LAST[tongue.code][1]
    return text_case(
        f"sign-turned-{tongue.code}",
        tongue.spell(booked, **{tongue.headers["type"]: dict.fromkeys(tongue.orders, "4000") | {fifth: back}}),
        Doubted("sign_turned", [Gives(net, 9), Gives(opposite(net), 1)], right, net=net, orders=9),
        **tongue.job(),
    )


def _refund(tongue: Tongue, header: str, second: str, fifth: str, net: str) -> Case:
    """Part of two orders was given back, as a column beside the amount says."""
    back = {tongue.orders[1]: second, tongue.orders[4]: fifth}
    less = [
        *tongue.log,
        *(row._replace(amount=f"-{back[row.order]}") for row in tongue.log if row.order in back),
    ]
    cells = {order: tongue.money(back.get(order, "0.00")) for order in tongue.orders}
    return text_case(
        f"refund-column-{tongue.code}",
        tongue.spell(**{header: cells}),
        Doubted("refund_unmapped", [Gives(tongue.net), Gives(net)], less, net=net, orders=10),
        **tongue.job(),
    )


def _no_refund(tongue: Tongue, header: str, cell: str) -> Case:
    """A column of refunds in which there is none, or that only sounds like it."""
    return text_case(
        f"refund-column-without-any-{tongue.code}",
        tongue.spell(**{header: dict.fromkeys(tongue.orders, cell)}),
        Used(tongue.log, net=tongue.net, orders=10, untold=["refund_unmapped", "status_unclear"]),
        **tongue.job(),
    )


# Shopify: an order's state, its money and its refund stand on its first line only; the other lines have neither.
SHOP_HEADER = "Name,Email,Financial Status,Paid at,Currency,Total,Created at,Lineitem name,Refunded Amount,Cancelled at"
SHOP = """\
#2041,ida@example.org,paid,2025-01-11 09:12:40 +0100,EUR,74.50,2025-01-11 09:12:38 +0100,Teapot,0.00,
#2041,ida@example.org,,,,,2025-01-11 09:12:38 +0100,Tea 250 g,,
#2042,omar@example.org,paid,2025-01-19 17:40:02 +0100,EUR,59.90,2025-01-19 17:40:01 +0100,Tray,0.00,
#2043,ida@example.org,partially_refunded,2025-02-02 20:03:11 +0100,EUR,128.00,2025-02-02 20:03:10 +0100,Cups,28.00,
#2043,ida@example.org,,,,,2025-02-02 20:03:10 +0100,Bowl,,
#2044,omar@example.org,voided,,EUR,640.00,2025-02-16 11:55:37 +0100,Samovar,0.00,2025-02-17 08:10:00 +0100
#2045,lena@example.org,paid,2025-03-08 14:26:19 +0100,EUR,42.25,2025-03-08 14:26:18 +0100,Tea 250 g,0.00,
#2046,omar@example.org,refunded,2025-03-22 19:31:54 +0100,EUR,212.00,2025-03-22 19:31:53 +0100,Kettle,212.00,
#2047,lena@example.org,paid,2025-04-29 23:40:05 +0200,EUR,36.80,2025-04-29 23:40:04 +0200,Strainer,0.00,
#2048,ida@example.org,paid,2025-06-12 10:02:48 +0200,EUR,91.15,2025-06-12 10:02:47 +0200,Cups,0.00,
"""
SHOP_ROWS = rows("""
ida@example.org | #2041 | 2025-01-11 | 74.50
omar@example.org | #2042 | 2025-01-19 | 59.90
ida@example.org | #2043 | 2025-02-02 | 100.00
lena@example.org | #2045 | 2025-03-08 | 42.25
lena@example.org | #2047 | 2025-04-29 | 36.80
ida@example.org | #2048 | 2025-06-12 | 91.15
""")
SHOP_COLUMNS = {"customer_id": "Email", "order_id": "Name", "order_date": "Created at", "amount": "Total"}
# 有赞: numbers wrapped against a spreadsheet, an order that was closed, one that nobody paid.
YOUZAN = """\
订单编号,买家会员名,订单状态,订单创建时间,买家实际支付金额,宝贝标题
="710031",林**,交易成功,2025-01-06 10:12:00,126.00,青瓷杯
="710032",周**,交易关闭,2025-01-09 21:40:12,1880.00,红木茶台
="710033",林**,交易成功,2025-01-20 08:31:45,64.50,茶滤
="710034",吴**,交易成功,2025-02-11 13:05:09,238.00,盖碗
="710035",郑**,等待买家付款,2025-02-19 19:22:30,420.00,紫砂壶
="710036",周**,交易成功,2025-03-15 09:48:51,92.00,茶叶
="710037",林**,交易成功,2025-05-02 16:17:26,133.50,青瓷杯
="710038",吴**,交易成功,2025-06-21 11:02:33,205.00,茶叶
"""
YOUZAN_ROWS = rows("""
林** | 710031 | 2025-01-06 | 126.00
林** | 710033 | 2025-01-20 | 64.50
吴** | 710034 | 2025-02-11 | 238.00
周** | 710036 | 2025-03-15 | 92.00
林** | 710037 | 2025-05-02 | 133.50
吴** | 710038 | 2025-06-21 | 205.00
""")
# 淘宝: no number of the order, the day it was paid as the only day, and what was refunded says so in a sentence.
TAOBAO = """\
品牌名称,买家昵称,付款日期,订单状态,实付金额,邮费,省份,购买数量
茗香,tea_0417,2025-01-03 00:21:07.000,交易成功,158,0,浙江省,1
茗香,小雨同学,2025-01-05 11:40:55.000,交易成功,96,6,上海,1
茗香,北岸灯火,2025-01-12 20:15:18.000,付款以后用户退款成功，交易自动关闭,312,0,广东省,2
茗香,tea_0417,2025-02-08 09:09:41.000,交易成功,142,0,浙江省,1
茗香,老张茶事,2025-02-20 15:33:02.000,付款以后用户退款成功，交易自动关闭,268,8,江苏省,1
茗香,小雨同学,2025-03-17 22:54:36.000,交易成功,104,6,上海,1
茗香,北岸灯火,2025-04-26 07:28:13.000,交易成功,187,0,广东省,1
茗香,tea_0417,2025-06-15 18:46:29.000,交易成功,165,0,浙江省,1
"""
TAOBAO_ROWS = rows("""
tea_0417 | 2025-01-03 | 2025-01-03 | 158
小雨同学 | 2025-01-05 | 2025-01-05 | 96
tea_0417 | 2025-02-08 | 2025-02-08 | 142
小雨同学 | 2025-03-17 | 2025-03-17 | 104
北岸灯火 | 2025-04-26 | 2025-04-26 | 187
tea_0417 | 2025-06-15 | 2025-06-15 | 165
""")
SEVEN = """\
Sale,Avoir,Remboursement,Abono,Gutschrift,Rücksendung,返品,返金,반품,환불,红冲,负数发票,Storno,Devolución,RMA,Reversed,Reso,CN
""".strip().split(",")
SEVEN_ROWS = [
    Row("K10", "6001", "2025-01-08", "2640.00"),
    *(Row(f"K{10 + at % 4}", f"{6001 + at}", f"2025-02-{at:02d}", f"{60 + at}.50") for at in range(1, len(SEVEN))),
]
ODD = rows("""
Void GmbH | V-301 | 2025-01-14 | 512.40
Storno Consulting | V-302 | 2025-01-21 | 118.00
Void GmbH | V-303 | 2025-02-18 | 466.90
Return Path Ltd | V-304 | 2025-03-06 | 75.25
Avoir Fine Foods | V-305 | 2025-04-10 | 233.60
Void GmbH | V-306 | 2025-05-27 | 498.10
Storno Consulting | V-307 | 2025-06-19 | 124.50
""")
ODD_GOODS = [
    "Cancelled stamps",
    "Return labels",
    "Refund envelopes",
    "Void fill",
    "Storno-Block A5",
    "Void fill",
    "CN cable",
]
MANY_RETURNS = [
    *EN.log,
    *(row._replace(order=f"CR-{at}", day="2025-06-27", amount=f"-{at}3.15") for at, row in enumerate(EN.log[6:11], 1)),
]

CASES = [
    *(_status(tongue, "words") for tongue in TONGUES.values()),
    *(_status(tongue, "words-mapped", mapped=True) for tongue in (EN, ZH, IT)),
    *(_status_good(TONGUES[code]) for code in GOOD),
    text_case(
        "status-settled-by-the-job",
        EN.spell(Status=_by_order(EN, *WORDS["en"])),
        Used(EN.rest, 2, net=REST["en"], orders=8),
        Used(EN.rest, None, net=REST["en"], orders=8),
        **EN.job(order_status="Status"),
        read={"left_out_statuses": ["Cancelled", "Refunded"]},
    ),
    text_case(
        "status-settled-as-it-is",
        DE.spell(Status=_by_order(DE, *WORDS["de"])),
        Used(DE.log, net=DE.net, orders=10),
        **DE.job(),
        settled={"status_unclear": "as_is"},
    ),
    text_case(
        "status-settled-but-for-a-new-word",
        EN.spell(Status=_by_order(EN, "Complete", "Cancelled", "Refunded")),
        Doubted(
            "status_unclear",
            [Gives("3117.60", 9), Gives(REST["en"], 8)],
            EN.rest,
            net=REST["en"],
            orders=8,
        ),
        **EN.job(order_status="Status"),
        read={"left_out_statuses": ["Cancelled"]},
    ),
    text_case(
        "status-youzan",
        YOUZAN,
        Doubted("status_unclear", [Gives("3159.00", 8), Gives("859.00", 6, 3)], YOUZAN_ROWS, net="859.00", orders=6),
        file="订单.csv",
        columns={
            "customer_id": "买家会员名",
            "order_id": "订单编号",
            "order_date": "订单创建时间",
            "amount": "买家实际支付金额",
        },
    ),
    text_case(
        "status-taobao-by-day-of-payment",
        TAOBAO,
        Doubted("status_unclear", [Gives("1432.00", 8), Gives("852.00", 6, 3)], TAOBAO_ROWS, net="852.00", orders=6),
        columns={"customer_id": "买家昵称", "order_date": "付款日期", "amount": "实付金额"},
    ),
    text_case(
        "status-on-the-first-line-and-a-refund-shopify",
        f"{SHOP_HEADER}\n{SHOP}",
        Doubted(
            "status_unclear|refund_unmapped",
            [],
            SHOP_ROWS,
            net="404.60",
            orders=6,
            beside=["status_unclear", "refund_unmapped"],
            unsettled=["omar@example.org"],
        ),
        columns=SHOP_COLUMNS,
        timezone="Europe/Berlin",
    ),
    text_case(
        "status-of-customers-and-goods-that-sound-bad",
        "customer,order,day,amount,product\n"
        + "".join(",".join((*row, good)) + "\n" for row, good in zip(ODD, ODD_GOODS, strict=True)),
        Used(ODD, net="2028.75", orders=7, untold=["status_unclear", "type_unclear", "refund_unmapped"]),
        columns=COLUMNS | {"product": "product"},
    ),
    *(_type(tongue, "returns") for tongue in TONGUES.values()),
    *(_type(tongue, "returns-unmapped", mapped=False) for tongue in (EN, FR, JA)),
    text_case(
        "type-returns-in-eight-languages",
        "customer,order,day,amount,order type\n"
        + "".join(",".join((*row, word)) + "\n" for row, word in zip(SEVEN_ROWS, SEVEN, strict=True)),
        Doubted(
            "type_unclear",
            [Gives("3821.50", 18), Gives("1458.50", 1)],
            [SEVEN_ROWS[0], *(row._replace(amount=f"-{row.amount}") for row in SEVEN_ROWS[1:])],
            net="1458.50",
            orders=1,
        ),
        columns=COLUMNS | {"order_type": "order type"},
    ),
    *(
        text_case(
            f"type-of-sale-only-{tongue.code}",
            tongue.spell(**{tongue.headers["type"]: {order: words[at % 3] for at, order in enumerate(tongue.orders)}}),
            Used(tongue.log, net=tongue.net, orders=10, untold=["type_unclear", "status_unclear", "debit_credit"]),
            **tongue.job(order_type=tongue.headers["type"]),
        )
        for tongue, words in (
            (EN, ("Sale", "Web", "Phone")),
            (DE, ("Rechnung", "Teilrechnung", "Schlussrechnung")),
            (ZH, ("销售", "批发", "零售")),
            (KO, ("판매", "도매", "온라인")),
        )
    ),
    *(
        text_case(
            f"type-of-payment-{tongue.code}",
            tongue.spell(**{header: {order: words[at % 3] for at, order in enumerate(tongue.orders)}}),
            Used(tongue.log, net=tongue.net, orders=10, untold=["type_unclear", "status_unclear", "debit_credit"]),
            **tongue.job(),
        )
        for tongue, header, words in (
            (EN, "Payment", ("Credit card", "PayPal", "Debit card")),
            (FR, "Paiement", ("Carte de crédit", "Virement", "Chèque")),
            (ZH, "支付方式", ("信用卡", "支付宝", "借记卡")),
        )
    ),
    text_case(
        "type-credit-already-below-zero",
        EN.spell(
            [*EN.log, Row("Willow & Sons", "CM-12", "2025-06-26", "-40.00")],
            Type=dict.fromkeys(EN.orders, "Invoice") | {"CM-12": "Credit Memo"},
        ),
        Used(
            [*EN.log, Row("Willow & Sons", "CM-12", "2025-06-26", "-40.00")],
            net="4204.60",
            orders=10,
            met=[Met("return", 1)],
            untold=["type_unclear", "status_unclear"],
        ),
        **EN.job(order_type="Type"),
    ),
    _debit(EN, "D/C", "D", "C"),
    _debit(EN, "Dr/Cr", "Dr", "Cr"),
    _debit(DE, "Soll/Haben", "S", "H"),
    _debit(ZH, "借贷方向", "借", "贷"),
    _debit(FR, "Sens", "Débit", "Crédit"),
    _debit(ES, "Debe/Haber", "Debe", "Haber"),
    _debit(IT, "Dare/Avere", "D", "A"),
    *(
        text_case(
            f"debit-credit-is-something-else-{name}",
            tongue.spell(**{header: {order: cells[at % 2] for at, order in enumerate(tongue.orders)}}),
            Used(tongue.log, net=tongue.net, orders=10, untold=["debit_credit", "type_unclear", "status_unclear"]),
            **tongue.job(),
        )
        for name, tongue, header, cells in (
            ("warehouse", EN, "DC", ("D", "C")),
            ("grade", EN, "Grade", ("C", "D")),
            ("size", DE, "Größe", ("S", "H")),
            ("debits-only", FR, "Sens", ("D", "D")),
        )
    ),
    _sign(EN, "4010"),
    _sign(DE, "8736"),
    _sign(ZH, "6001"),
    _sign(FR, "709"),
    text_case(
        "sign-of-many-returns",
        EN.spell(MANY_RETURNS),
        Used(MANY_RETURNS, net="4078.85", orders=10, met=[Met("return", 5)], untold=["sign_turned"]),
        **EN.job(),
    ),
    _refund(EN, "Refunded Amount", "400.00", "250.25", "3594.35"),
    _refund(ZH, "退款金额", "12000.00", "8350.00", "84445.50"),
    _refund(DE, "Erstattungsbetrag", "385.00", "242.30", "4034.10"),
    _refund(ES, "Importe reembolsado", "260.00", "415.80", "3713.25"),
    _refund(PT, "Valor reembolsado", "575.00", "188.20", "4292.70"),
    _no_refund(EN, "Refunded Amount", "0.00"),
    _no_refund(ZH, "退款金额", ""),
    _no_refund(DE, "Erstattung", "30 Tage"),
    _no_refund(JA, "返品特約", "7日以内"),
    text_case(
        "refund-column-mapped",
        FR.spell(**{"Montant remboursé": dict.fromkeys(FR.orders, "0,00") | {FR.orders[1]: "492,00"}}),
        Used(
            [*FR.log, Row("Hôtel des Quais", "CMD-3304", "2025-01-21", "-492.00")],
            None,
            net="4116.80",
            orders=10,
            untold=["refund_unmapped"],
        ),
        **FR.job(refund="Montant remboursé"),
    ),
]
