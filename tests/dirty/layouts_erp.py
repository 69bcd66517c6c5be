"""How do ERP systems export orders and invoices? SAP, 用友, 金蝶, Odoo, Salesforce, NetSuite, DATEV, Sage, Cegid, TOTVS and plain ones."""

from __future__ import annotations

from decimal import Decimal

from layouts_base import CHINESE, Layout, Sale, by_order, draw, ours, spell_money, table, text

GERMAN = {"day": "%d.%m.%Y", "money": "sap"}


def _listed(*words: str) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def _payments(lines: list[Sale]) -> list[Sale]:
    """Return documents, and a payment of each second one 30 days later: money in a ledger that is no credit."""
    import datetime as dt

    paid = [
        line._replace(
            kind="void", amount=-line.amount, order=f"14{line.order[-5:]}", day=line.day + dt.timedelta(days=12)
        )
        for line in lines
        if line.number % 2 == 0 and line.kind == "sale"
    ]
    return sorted([*lines, *paid], key=lambda line: line.day)


def _sap() -> list[Layout]:
    orders = draw(1, prefix="00000")
    returned = draw(2, back=5)
    billed = by_order(draw(3, back=6, base=90017000))
    ledger = _payments(by_order(draw(4, back=6, base=18000440)))
    report = draw(5, lines=(1, 2), orders=24)
    va05 = {
        "Verkaufsbeleg": "order", "Pos": "line", "VArt": "=TA", "Auftraggeber": "customer", "Name des Auftraggebers": "name",
        "Belegdatum": "day", "Material": "product", "Bezeichnung": "article", "Auftragsmenge": "quantity", "ME": "=ST",
        "Nettowert": "amount", "Währung": "=EUR", "VkOrg": "=1000",
    }  # fmt: skip
    types_de = {"words": {"sale": "TA", "back": ("RE", "G2")}, "positive": True, **GERMAN}
    vf05 = {
        "Billing Document": "order", "Billing Type": "word", "Payer": "customer", "Name of Payer": "name", "Billing Date": "day",
        "Net Value": "amount", "Tax Amount": "tax", "Document Currency": "=USD", "Sales Organization": "=3000",
    }  # fmt: skip
    fbl5n = {
        "Konto": "customer", "Name 1": "name", "Belegnummer": "order", "Belegart": "word", "Belegdatum": "day",
        "Buchungsdatum": "day", "Betrag in Hauswährung": "amount", "Hauswährung": "=EUR", "Text": "=",
    }  # fmt: skip
    sums = [
        ["", "", "", "", spell_money(sum((line.amount for line in report), Decimal(0)), "sap"), ""],
    ]
    ke30 = []
    for who in sorted({line.customer for line in report}):
        own = [line for line in report if line.customer == who]
        ke30 += table(
            own,
            {
                "Kunde": "customer",
                "Bezeichnung": "name",
                "Buchungsdatum": "day",
                "Auftrag": "order",
                "Umsatz": "amount",
                "Rabatte": "=0,00",
            },
            **GERMAN,
        )[1:]
        ke30.append([f"* {who}", "Ergebnis", "", "", spell_money(sum(line.amount for line in own), "sap"), ""])
    return [
        Layout(
            "sap-va05-de",
            {
                "va05.csv": text(
                    table(orders, va05, **GERMAN), delimiter=";", encoding="cp1252", above=[["Liste Aufträge"], []]
                )
            },
            ours("Auftraggeber", "Verkaufsbeleg", "Belegdatum", "Nettowert"),
            orders,
            adds=["columns.order_id: Verkaufsbeleg"],
            days="%d.%m.%Y",
        ),
        Layout(
            "sap-va05-en",
            {
                "list_of_sales_orders.csv": text(
                    table(
                        orders,
                        {
                            "Sales Document": "order",
                            "Item": "line",
                            "Sales Document Type": "=OR",
                            "Sold-to party": "customer",
                            "Name 1": "name",
                            "Document Date": "day",
                            "Material": "product",
                            "Description": "article",
                            "Order Quantity": "quantity",
                            "Net Value (Item)": "amount",
                            "Document Currency": "=USD",
                        },
                        day="%m/%d/%Y",
                        money="us",
                    ),
                    delimiter="\t",
                )
            },
            ours("Sold-to party", "Sales Document", "Document Date", "Net Value (Item)"),
            orders,
            currency="USD",
            adds=["columns.order_id: Sales Document", "columns.amount: Net Value (Item)"],
            days="%m/%d/%Y",
        ),
        Layout(
            "sap-va05-returns-positive",
            {"va05.csv": text(table(returned, va05 | {"VArt": "word"}, **types_de), delimiter=";", encoding="cp1252")},
            ours("Auftraggeber", "Verkaufsbeleg", "Belegdatum", "Nettowert"),
            returned,
            adds=["columns.order_id: Verkaufsbeleg"],
            settle=["columns.order_type: VArt", "read.return_types: [RE, G2]"],
            doubts=["type_unclear"],
            days="%d.%m.%Y",
        ),
        Layout(
            "sap-vf05-credit-memos-positive",
            {
                "vf05.csv": text(
                    table(billed, vf05, words={"sale": "F2", "back": ("G2", "S1")}, positive=True, day="%Y/%m/%d")
                )
            },
            ours("Payer", "Billing Document", "Billing Date", "Net Value"),
            billed,
            currency="USD",
            settle=["columns.order_type: Billing Type", "read.return_types: [G2, S1]"],
            doubts=["type_unclear"],
            adds=["columns.customer_id: Payer"],
        ),
        Layout(
            "sap-vf05-de-trailing-minus",
            {
                "vf05.csv": text(
                    table(
                        billed,
                        {
                            "Faktura": "order",
                            "FkArt": "word",
                            "Regulierer": "customer",
                            "Name Regulierer": "name",
                            "Fakturadatum": "day",
                            "Nettowert": "amount",
                            "Steuerbetrag": "tax",
                            "Währg": "=EUR",
                        },
                        words={"sale": "F2", "back": "G2"},
                        **GERMAN,
                    ),
                    delimiter=";",
                    encoding="cp1252",
                )
            },
            ours("Regulierer", "Faktura", "Fakturadatum", "Nettowert"),
            billed,
            adds=["columns.customer_id: Regulierer", "columns.order_id: Faktura", "columns.amount: Nettowert"],
            days="%d.%m.%Y",
        ),
        Layout(
            "sap-ke30-with-sums",
            {
                "ke30.csv": text(
                    [["Kunde", "Bezeichnung", "Buchungsdatum", "Auftrag", "Umsatz", "Rabatte"], *ke30, *sums],
                    delimiter=";",
                    encoding="cp1252",
                )
            },
            ours("Kunde", "Auftrag", "Buchungsdatum", "Umsatz"),
            report,
            doubts=["subtotal_rows"],
            days="%d.%m.%Y",
        ),
        Layout(
            "sap-fbl5n-de-payments",
            {
                "fbl5n.csv": text(
                    table(ledger, fbl5n, words={"sale": "RV", "back": "DG", "void": "DZ"}, **GERMAN), delimiter=";"
                )
            },
            ours("Konto", "Belegnummer", "Belegdatum", "Betrag in Hauswährung"),
            ledger,
            adds=["columns.order_date: Belegdatum", 'read.date_format: "%d.%m.%Y"'],
            settle=["columns.order_type: Belegart", "read.left_out_types: [DZ]"],
            doubts=["type_unclear", "date_ambiguous", "sign_turned"],
            days="%d.%m.%Y",
            most=4,
        ),
        Layout(
            "sap-fbl5n-en-payments",
            {
                "fbl5n.csv": text(
                    table(
                        ledger,
                        {
                            "Customer": "customer",
                            "Document Number": "order",
                            "Document Type": "word",
                            "Document Date": "day",
                            "Net due date": "day",
                            "Amount in local currency": "amount",
                            "Local Currency": "=EUR",
                        },
                        words={"sale": "RV", "back": "DG", "void": "DZ"},
                        day="%d.%m.%Y",
                        money="us",
                    ),
                    delimiter="\t",
                )
            },
            ours("Customer", "Document Number", "Document Date", "Amount in local currency"),
            ledger,
            settle=["columns.order_type: Document Type", "read.left_out_types: [DZ]"],
            doubts=["type_unclear", "sign_turned"],
            days="%d.%m.%Y",
        ),
        Layout(
            "sap-s4-odata-csv",
            {
                "C_SalesOrderItem.csv": text(
                    table(
                        orders,
                        {
                            "SalesOrder": "order",
                            "SalesOrderItem": "line",
                            "SalesOrderType": "=OR",
                            "SoldToParty": "customer",
                            "CreationDate": "day",
                            "Material": "product",
                            "RequestedQuantity": "quantity",
                            "NetAmount": "amount",
                            "TransactionCurrency": "=EUR",
                            "SalesOrganization": "=1710",
                        },
                        day="%Y%m%d",
                    ),
                    encoding="utf-8-sig",
                    quoted=True,
                )
            },
            ours("SoldToParty", "SalesOrder", "CreationDate", "NetAmount"),
            orders,
            adds=["columns.order_date: CreationDate"],
        ),
        Layout(
            "sap-business-one-canceled-flag",
            {
                "OINV.csv": text(
                    table(
                        gone := by_order(draw(6, void=6)),
                        {
                            "DocNum": "order",
                            "CardCode": "customer",
                            "CardName": "name",
                            "DocDate": "day",
                            "DocTotal": "amount",
                            "DocCur": "=EUR",
                            "CANCELED": "word",
                            "DocStatus": "=C",
                        },
                        words={"sale": "N", "void": "Y"},
                    )
                )
            },
            ours("CardCode", "DocNum", "DocDate", "DocTotal"),
            gone,
            adds=["columns.customer_id: CardCode", "columns.amount: DocTotal"],
            settle=["columns.order_status: CANCELED", 'read.left_out_statuses: ["Y"]'],
            doubts=["status_unclear"],
            most=4,
        ),
    ]


def _chinese() -> list[Layout]:
    invoices = draw(11, names=CHINESE, customer="KH{:04d}", prefix="XS", back=6)
    approved = draw(12, names=CHINESE, customer="{:06d}", prefix="SO20240")
    k3 = draw(13, names=CHINESE, prefix="XOUT00")
    cloud = draw(14, names=CHINESE, prefix="XSDD", void=5)
    total = sum(line.amount for line in invoices)
    u8 = {
        "发票号": "order", "开票日期": "day", "客户编码": "customer", "客户简称": "name", "存货编码": "product", "存货名称": "article",
        "数量": "quantity", "无税单价": "price", "无税金额": "amount", "税额": "tax", "价税合计": "gross", "制单人": "=demo",
    }  # fmt: skip
    summed = ["合计", "", "", "", "", "", "", "", spell_money(total, "us"), "", "", ""]
    wan = [line._replace(amount=line.amount * 10000) for line in by_order(k3)]
    return [
        Layout(
            "yonyou-u8-invoices-with-total",
            {"销售发票列表.csv": text(table(invoices, u8, money="us"), encoding="gb18030", below=[summed])},
            ours("客户编码", "发票号", "开票日期", "无税金额"),
            invoices,
            currency="CNY",
            adds=["columns.amount: 无税金额"],
        ),
        Layout(
            "yonyou-u8-red-letters",
            {"销售发票.csv": text(table(invoices, u8 | {"红蓝标识": "word"}, words={"sale": "蓝字", "back": "红字"}))},
            ours("客户编码", "发票号", "开票日期", "无税金额"),
            invoices,
            currency="CNY",
            adds=["columns.amount: 无税金额"],
        ),
        Layout(
            "yonyou-u8-red-letters-positive",
            {
                "销售发票.csv": text(
                    table(invoices, u8 | {"红蓝标识": "word"}, words={"sale": "蓝字", "back": "红字"}, positive=True)
                )
            },
            ours("客户编码", "发票号", "开票日期", "无税金额"),
            invoices,
            currency="CNY",
            adds=["columns.amount: 无税金额"],
            settle=["columns.order_type: 红蓝标识", "read.return_types: [红字]"],
            doubts=["type_unclear", "status_unclear", "debit_credit"],
        ),
        Layout(
            "yonyou-nc-orders",
            {
                "销售订单.csv": text(
                    table(
                        approved,
                        {
                            "订单号": "order",
                            "订单日期": "day",
                            "销售组织": "=华东公司",
                            "客户": "customer",
                            "客户名称": "name",
                            "物料编码": "product",
                            "主数量": "quantity",
                            "主无税净价": "price",
                            "无税金额": "amount",
                            "币种": "=CNY",
                            "单据状态": "=审批通过",
                        },
                    ),
                    encoding="gb18030",
                )
            },
            ours("客户", "订单号", "订单日期", "无税金额"),
            approved,
            currency="CNY",
            adds=["columns.amount: 无税金额"],
        ),
        Layout(
            "kingdee-k3-outbound",
            {
                "销售出库.csv": text(
                    table(
                        k3,
                        {
                            "审核标志": "=Y",
                            "日期": "day",
                            "单据编号": "order",
                            "购货单位": "name",
                            "产品代码": "product",
                            "产品名称": "article",
                            "实发数量": "quantity",
                            "销售单价": "price",
                            "销售金额": "amount",
                            "仓库": "=成品仓",
                        },
                        day="%Y/%m/%d",
                        money="us",
                    ),
                    encoding="gb18030",
                    above=[["销售出库序时簿"], ["起始日期:2024/01/01", "截止日期:2024/12/31"]],
                )
            },
            ours("购货单位", "单据编号", "日期", "销售金额"),
            k3,
            currency="CNY",
        ),
        Layout(
            "kingdee-cloud-voided",
            {
                "销售订单.csv": text(
                    table(
                        cloud,
                        {
                            "单据编号": "order",
                            "日期": "day",
                            "客户编码": "customer",
                            "客户": "name",
                            "单据状态": "=已审核",
                            "作废状态": "word",
                            "物料编码": "product",
                            "销售数量": "quantity",
                            "含税单价": "price",
                            "价税合计": "amount",
                        },
                        words={"sale": "未作废", "void": "已作废"},
                    )
                )
            },
            ours("客户编码", "单据编号", "日期", "价税合计"),
            cloud,
            currency="CNY",
            settle=[
                "columns.order_status: 作废状态",
                "read.left_out_statuses: [已作废]",
                "read.sale_statuses: [未作废]",
            ],
            doubts=["status_unclear"],
        ),
        Layout(
            "plain-wan-yuan",
            {
                "销售.csv": text(
                    table(
                        wan,
                        {
                            "合同编号": "order",
                            "签订日期": "day",
                            "客户名称": "name",
                            "金额（万元）": lambda line: str(line.amount / 10000),
                        },
                    )
                )
            },
            ours("客户名称", "合同编号", "签订日期", "金额（万元）"),
            wan,
            currency="CNY",
            settle=["read.unit: 10000"],
            doubts=["unit_in_header"],
        ),
    ]


def _odoo_and_clouds() -> list[Layout]:
    lines = draw(21, prefix="S")
    quoted = by_order(draw(22, prefix="S", void=4))
    french = by_order(draw(23, prefix="FAC/2024/", void=7, back=6, credit_prefix="RFAC/2024/"))
    won = by_order(draw(24, prefix="006Qw", customers=7))
    stages = by_order(draw(25, prefix="006Qw", void=3))
    netsuite = draw(26, prefix="INV", back=5, credit_prefix="CM")
    paid = _payments(by_order(draw(27, prefix="INV", back=6, credit_prefix="CM")))
    opportunity = {
        "Account Name": "name", "Opportunity ID": "order", "Opportunity Name": "article", "Stage": "word", "Amount": "amount",
        "Close Date": "day", "Opportunity Owner": "=Pat Doe",
    }  # fmt: skip
    gl = {
        "Type": "word", "Date": "day", "Document Number": "order", "Name": "name", "Item": "product", "Qty. Sold": "quantity",
        "Amount": "amount",
    }  # fmt: skip
    us = {"day": "%m/%d/%Y", "money": "us"}
    return [
        Layout(
            "odoo-lines-header-once",
            {
                "sale.order.csv": text(
                    table(
                        lines,
                        {
                            "Order Reference": "order?",
                            "Order Date": "day?",
                            "Customer": "name?",
                            "Order Lines/Product": "product",
                            "Order Lines/Quantity": "quantity",
                            "Order Lines/Unit Price": "price",
                            "Order Lines/Subtotal": "amount",
                        },
                        day="%Y-%m-%d %H:%M:%S",
                    ),
                    quoted=True,
                )
            },
            ours("Customer", "Order Reference", "Order Date", "Order Lines/Subtotal"),
            lines,
            adds=["columns.amount: Order Lines/Subtotal"],
            settle=["read.fill_down: true"],
            doubts=["header_once", "time_zone"],
        ),
        Layout(
            "odoo-orders-quotations",
            {
                "sale.order.csv": text(
                    table(
                        quoted,
                        {
                            "Order Reference": "order",
                            "Creation Date": "day",
                            "Customer": "name",
                            "Salesperson": "=Mitchell",
                            "Company": "=My Company",
                            "Total": "amount",
                            "Status": "word",
                        },
                        words={"sale": "Sales Order", "void": ("Quotation", "Cancelled", "Quotation Sent")},
                        day="%Y-%m-%d %H:%M:%S",
                    ),
                    quoted=True,
                )
            },
            ours("Customer", "Order Reference", "Creation Date", "Total"),
            quoted,
            settle=[
                "columns.order_status: Status",
                f"read.left_out_statuses: {_listed('Quotation', 'Cancelled', 'Quotation Sent')}",
            ],
            doubts=["status_unclear"],
        ),
        Layout(
            "odoo-invoices-fr",
            {
                "account.move.csv": text(
                    table(
                        french,
                        {
                            "Numéro": "order",
                            "Partenaire": "name",
                            "Date de facturation": "day",
                            "Date d'échéance": "day",
                            "Montant HT signé": "amount",
                            "Total signé": "gross",
                            "Statut": "word",
                        },
                        words={"sale": "Comptabilisé", "back": "Comptabilisé", "void": "Annulé"},
                        day="%d/%m/%Y",
                        money="comma",
                    ),
                    delimiter=";",
                )
            },
            ours("Partenaire", "Numéro", "Date de facturation", "Montant HT signé"),
            french,
            adds=["columns.customer_id: Partenaire"],
            settle=["columns.order_status: Statut", "read.left_out_statuses: [Annulé]"],
            doubts=["status_unclear"],
            days="%d/%m/%Y",
        ),
        Layout(
            "salesforce-report-footer",
            {
                "report1700000000.csv": text(
                    table(won, opportunity, words={"sale": "Closed Won"}, day="%m/%d/%Y"),
                    quoted=True,
                    encoding="cp1252",
                    below=[
                        [],
                        ["Closed opportunities by account"],
                        ["Copyright (c) 2000-2024 salesforce.com, inc. All rights reserved."],
                        ["Confidential Information - Do Not Distribute"],
                        ["Generated By:  Pat Doe  12/31/2024"],
                    ],
                )
            },
            ours("Account Name", "Opportunity ID", "Close Date", "Amount"),
            won,
            currency="USD",
            adds=["columns.order_id: Opportunity ID", "columns.order_date: Close Date"],
            days="%m/%d/%Y",
        ),
        Layout(
            "salesforce-stages",
            {
                "report.csv": text(
                    table(
                        stages,
                        opportunity,
                        words={"sale": "Closed Won", "void": ("Closed Lost", "Proposal/Price Quote")},
                        day="%m/%d/%Y",
                    ),
                    quoted=True,
                )
            },
            ours("Account Name", "Opportunity ID", "Close Date", "Amount"),
            stages,
            currency="USD",
            adds=["columns.order_date: Close Date"],
            settle=[
                "columns.order_status: Stage",
                f"read.left_out_statuses: {_listed('Closed Lost', 'Proposal/Price Quote')}",
            ],
            doubts=["status_unclear"],
            days="%m/%d/%Y",
        ),
        Layout(
            "netsuite-sales-by-customer-detail",
            {
                "SalesbyCustomerDetail.csv": text(
                    table(netsuite, gl, words={"sale": "Invoice", "back": "Credit Memo"}, **us),
                    above=[
                        ["Example Holdings"],
                        ["Sales by Customer Detail"],
                        ["January 1, 2024 - December 31, 2024"],
                        [],
                    ],
                    below=[["Total", "", "", "", "", "", spell_money(sum(line.amount for line in netsuite), "us")]],
                )
            },
            ours("Name", "Document Number", "Date", "Amount"),
            netsuite,
            currency="USD",
            adds=["columns.customer_id: Name"],
            days="%m/%d/%Y",
        ),
        Layout(
            "netsuite-transactions-with-payments",
            {
                "transactions.csv": text(
                    table(paid, gl, words={"sale": "Invoice", "back": "Credit Memo", "void": "Payment"}, **us)
                )
            },
            ours("Name", "Document Number", "Date", "Amount"),
            paid,
            currency="USD",
            adds=["columns.customer_id: Name"],
            settle=["columns.order_type: Type", "read.left_out_types: [Payment]"],
            doubts=["type_unclear", "sign_turned"],
            days="%m/%d/%Y",
        ),
    ]


def _europe_and_brazil() -> list[Layout]:
    entries = by_order(draw(31, back=5, base=24100, customer="10{:03d}"))
    sage = draw(32, prefix="2024-", back=5)
    french = draw(33, prefix="FA00", back=6, customer="CLI{:04d}")
    lexware = by_order(draw(34, prefix="RE", void=6))
    cegid = draw(35, back=6, customer="C{:05d}")
    totvs = draw(36, base=104711, customer="{:06d}")
    bling = by_order(draw(37, base=2711, void=5))
    navision = draw(38, prefix="103", customer="{:05d}")
    keur = [line._replace(amount=line.amount * 1000) for line in by_order(draw(39, prefix="P-"))]
    plain = draw(40, orders=80, step=4.3)
    german = {"day": "%d.%m.%Y", "money": "de"}
    return [
        Layout(
            "datev-debit-credit",
            {
                "buchungen.csv": text(
                    table(
                        entries,
                        {"Umsatz (ohne Soll/Haben-Kz)": "amount", "Soll/Haben-Kennzeichen": "word", "WKZ Umsatz": "=EUR",
                         "Debitorenkonto": "customer", "Gegenkonto (ohne BU-Schlüssel)": "=8400", "Belegdatum": "day",
                         "Belegfeld 1": "order", "Buchungstext": "name"},
                        words={"sale": "S", "back": "H"}, positive=True, **german,
                    ),
                    delimiter=";", encoding="cp1252",
                )
            },
            ours("Debitorenkonto", "Belegfeld 1", "Belegdatum", "Umsatz (ohne Soll/Haben-Kz)"),
            entries,
            adds=["columns.customer_id: Debitorenkonto", "columns.order_id: Belegfeld 1"],
            settle=["columns.order_type: Soll/Haben-Kennzeichen", "read.return_types: [H]"],
            doubts=["debit_credit", "type_unclear"],
            days="%d.%m.%Y",
            most=4,
        ),
        Layout(
            "sage100-de-gutschrift-positive",
            {
                "belege.csv": text(
                    table(
                        sage,
                        {"Belegart": "word", "Belegnummer": "order", "Belegdatum": "day", "Kundennummer": "customer", "Matchcode": "name",
                         "Artikelnummer": "product", "Menge": "quantity", "Einzelpreis": "price", "Gesamtpreis": "amount"},
                        words={"sale": "Rechnung", "back": "Gutschrift"}, positive=True, **german,
                    ),
                    delimiter=";", encoding="cp1252",
                )
            },
            ours("Kundennummer", "Belegnummer", "Belegdatum", "Gesamtpreis"),
            sage,
            settle=["columns.order_type: Belegart", "read.return_types: [Gutschrift]"],
            doubts=["type_unclear"],
            days="%d.%m.%Y",
        ),
        Layout(
            "sage100-fr-avoir-positive",
            {
                "lignes.csv": text(
                    table(
                        french,
                        {"Type de document": "word", "N° pièce": "order", "Date": "day", "Code client": "customer", "Intitulé": "name",
                         "Référence article": "product", "Désignation": "article", "Qté": "quantity", "PU HT": "price", "Montant HT": "amount"},
                        words={"sale": "Facture", "back": "Facture d'avoir"}, positive=True, day="%d/%m/%Y", money="fr",
                    ),
                    delimiter=";",
                )
            },
            ours("Code client", "N° pièce", "Date", "Montant HT"),
            french,
            settle=["columns.order_type: Type de document", f"read.return_types: {_listed(chr(70) + 'acture d' + chr(39) + 'avoir')}"],
            doubts=["type_unclear"],
            days="%d/%m/%Y",
        ),
        Layout(
            "lexware-storniert",
            {
                "rechnungen.csv": text(
                    table(
                        lexware,
                        {"Rechnungsnummer": "order", "Datum": "day", "Kundennummer": "customer", "Firma": "name", "Nettobetrag": "amount",
                         "USt": "tax", "Status": "word"},
                        words={"sale": ("bezahlt", "offen"), "void": "storniert"}, **german,
                    ),
                    delimiter=";", encoding="cp1252",
                )
            },
            ours("Kundennummer", "Rechnungsnummer", "Datum", "Nettobetrag"),
            lexware,
            settle=["columns.order_status: Status", "read.left_out_statuses: [storniert]", "read.sale_statuses: [bezahlt, offen]"],
            doubts=["status_unclear"],
            days="%d.%m.%Y",
        ),
        Layout(
            "cegid-natures",
            {
                "pieces.csv": text(
                    table(
                        cegid,
                        {"Nature": "word", "Numéro de pièce": "order", "Date pièce": "day", "Code client": "customer", "Raison sociale": "name",
                         "Code article": "product", "Quantité": "quantity", "Montant HT": "amount"},
                        words={"sale": "FAC", "back": "AVC"}, day="%d/%m/%Y", money="comma",
                    ),
                    delimiter=";", encoding="cp1252",
                )
            },
            ours("Code client", "Numéro de pièce", "Date pièce", "Montant HT"),
            cegid,
            days="%d/%m/%Y",
        ),
        Layout(
            "totvs-protheus-pt",
            {
                "SC6.csv": text(
                    table(
                        totvs,
                        {"Numero do Pedido": "order", "Item": "line", "Codigo do Cliente": "customer", "Loja": "=01",
                         "Data de Emissao": "day", "Produto": "product", "Quantidade": "quantity", "Preço Unitário": "price",
                         "Valor Total": "amount"},
                        day="%d/%m/%Y", money="de",
                    ),
                    delimiter=";", encoding="cp1252",
                )
            },
            ours("Codigo do Cliente", "Numero do Pedido", "Data de Emissao", "Valor Total"),
            totvs,
            currency="BRL",
            days="%d/%m/%Y",
        ),
        Layout(
            "bling-pt-cancelado",
            {
                "pedidos.csv": text(
                    table(
                        bling,
                        {"Número do pedido": "order", "Data": "day", "Nome do cliente": "name", "Valor total": "amount", "Situação": "word"},
                        words={"sale": "Atendido", "void": "Cancelado"}, day="%d/%m/%Y", money="brl",
                    ),
                    delimiter=";",
                )
            },
            ours("Nome do cliente", "Número do pedido", "Data", "Valor total"),
            bling,
            currency="BRL",
            settle=["columns.order_status: Situação", "read.left_out_statuses: [Cancelado]", "read.sale_statuses: [Atendido]"],
            doubts=["status_unclear"],
            adds=["columns.customer_id: Nome do cliente"],
            days="%d/%m/%Y",
            most=4,
        ),
        Layout(
            "navision-sales-invoice-lines",
            {
                "lines.csv": text(
                    table(
                        navision,
                        {"Document No.": "order", "Line No.": "line", "Sell-to Customer No.": "customer", "Posting Date": "day", "Type": "=Item",
                         "No.": "product", "Description": "article", "Quantity": "quantity", "Unit Price": "price", "Line Amount": "amount"},
                        day="%m/%d/%y", money="us",
                    )
                )
            },
            ours("Sell-to Customer No.", "Document No.", "Posting Date", "Line Amount"),
            navision,
            currency="USD",
            adds=["columns.customer_id: Sell-to Customer No."],
            days="%m/%d/%y",
        ),
        Layout(
            "plain-keur",
            {
                "projects.csv": text(
                    table(keur, {"Order No": "order", "Order Date": "day", "Customer": "name", "Net sales (kEUR)": lambda line: str(line.amount / 1000)})
                )
            },
            ours("Customer", "Order No", "Order Date", "Net sales (kEUR)"),
            keur,
            settle=["read.unit: 1000"],
            doubts=["unit_in_header"],
            adds=["columns.amount: Net sales (kEUR)"],
        ),
        Layout(
            "plain-erp",
            {"orders.csv": text(table(plain, {"customer_no": "customer", "order_no": "order", "line_no": "line", "order_date": "day", "sku": "product", "qty": "quantity", "net_amount": "amount"}))},
            ours("customer_no", "order_no", "order_date", "net_amount"),
            plain,
        ),
        Layout(
            "plain-erp-gross-and-net",
            {
                "facturas.csv": text(
                    table(plain, {"Nº factura": "order", "Fecha factura": "day", "Código cliente": "customer", "Cliente": "name", "Importe neto": "amount", "IVA": "tax", "Importe total": "gross"}, day="%d/%m/%Y", money="de"),
                    delimiter=";",
                )
            },
            ours("Código cliente", "Nº factura", "Fecha factura", "Importe neto"),
            plain,
            adds=["columns.amount: Importe neto"],
            days="%d/%m/%Y",
        ),
    ]  # fmt: skip


LAYOUTS = [*_sap(), *_chinese(), *_odoo_and_clouds(), *_europe_and_brazil()]
