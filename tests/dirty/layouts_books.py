"""How do payment services, tills and bookkeeping programs export? Stripe, PayPal, Square, QuickBooks, Xero, Holded, freee, 弥生 and others."""

from __future__ import annotations

from layouts_base import JAPANESE, Layout, Sale, by_order, draw, ours, spell_money, table, text


def _payments() -> list[Layout]:
    charges = by_order(draw(91, prefix="ch_3O", refund=4, void=5, customer="cus_P{:03d}"))
    payments = by_order(draw(92, prefix="pi_3O", customer="cus_P{:03d}"))
    paypal = by_order(draw(93, prefix="8XK", back=5, credit_prefix="9RF"))
    moved = [
        line._replace(kind="void", name="", order=f"WD{line.order}", amount=-line.amount, customer="")
        for line in paypal
        if line.kind == "sale" and line.number % 4 == 0
    ]
    square = draw(94, prefix="sq", back=6, credit_prefix="sr")
    stripe = {
        "id": "order", "Description": "=", "Created (UTC)": "day", "Amount": "amount", "Amount Refunded": "refund", "Currency": "=eur",
        "Converted Amount": "amount", "Fee": "=0.30", "Status": "word", "Customer ID": "customer", "Customer Email": "email",
    }  # fmt: skip
    money = {"day": "%Y-%m-%d %H:%M:%S"}
    pay = {
        "Date": "day", "Time": "time", "TimeZone": "=Europe/Berlin", "Name": "name", "Type": "word", "Status": "=Completed",
        "Currency": "=EUR", "Gross": "amount", "Fee": "=-0.35", "From Email Address": lambda line: line.name and f"{line.name.split()[0].lower()}@example.com",
        "Transaction ID": "order",
    }  # fmt: skip
    kinds = {"sale": "Express Checkout Payment", "back": "Payment Refund", "void": "General Withdrawal"}
    return [
        Layout(
            "stripe-charges-refunded-failed",
            {"unified_payments.csv": text(table(charges, stripe, words={"sale": "Paid", "void": "Failed"}, **money))},
            ours("Customer ID", "id", "Created (UTC)", "Amount"),
            charges,
            adds=["columns.order_id: id", "columns.amount: Amount"],
            settle=["columns.order_status: Status", "read.left_out_statuses: [Failed]", "columns.refund: Amount Refunded"],
            doubts=["status_unclear", "refund_unmapped"],
            most=5,
        ),
        Layout(
            "stripe-payments-all-paid",
            {"payments.csv": text(table(payments, stripe, words={"sale": "Paid"}, **money))},
            ours("Customer ID", "id", "Created (UTC)", "Amount"),
            payments,
            adds=["columns.order_id: id", "columns.amount: Amount"],
        ),
        Layout(
            "paypal-activity",
            {"Download.csv": text(table(sorted([*paypal, *moved], key=lambda line: line.day), pay, words=kinds, day="%d/%m/%Y"), encoding="utf-8-sig", quoted=True)},
            ours("From Email Address", "Transaction ID", "Date", "Gross"),
            paypal,
            adds=["columns.customer_id: From Email Address", "columns.amount: Gross"],
            settle=["columns.order_type: Type", "read.left_out_types: [General Withdrawal]", "read.sale_types: [Express Checkout Payment]"],
            doubts=["type_unclear"],
            days="%d/%m/%Y",
            most=5,
        ),
        Layout(
            "square-items",
            {
                "items-2024.csv": text(
                    table(
                        square,
                        {"Date": "day", "Time": "time", "Time Zone": "=Eastern Time (US & Canada)", "Category": "=Coffee", "Item": "article",
                         "Qty": "quantity", "SKU": "product", "Gross Sales": "amount", "Discounts": "=$0.00", "Net Sales": "amount", "Tax": "tax",
                         "Transaction ID": "order", "Event Type": "word", "Location": "=Main", "Customer ID": "customer", "Customer Name": "name"},
                        day="%m/%d/%y", money="usd", words={"sale": "Payment", "back": "Refund"},
                    )
                )
            },
            ours("Customer ID", "Transaction ID", "Date", "Net Sales"),
            square,
            currency="USD",
            adds=["columns.amount: Net Sales"],
            doubts=["discount_unclear"],
            settle=["read.discount: money"],
            days="%m/%d/%y",
        ),
    ]  # fmt: skip


def _grouped(lines: list[Sale], columns: dict, **style: object) -> list[list[str]]:
    """Return rows in groups by customer: the name once above, a total below, as QuickBooks reports have them."""
    rows = [list(columns)]
    wide = len(columns) - 1
    for name in sorted({line.name for line in lines}):
        own = [line for line in lines if line.name == name]
        rows.append([name, *[""] * wide])
        rows += table(own, columns, **style)[1:]
        total = [
            spell_money(sum(line.amount for line in own), "us") if what == "amount" else "" for what in columns.values()
        ]
        rows.append([f"Total for {name}", *total[1:]])
    return rows


def _american() -> list[Layout]:
    online = draw(101, base=1037, back=6)
    desktop = draw(102, base=2037)
    invoices = draw(103, prefix="INV-0", void=5)
    credits = draw(104, prefix="INV-0", back=5, credit_prefix="CN-0")
    lightspeed = by_order(draw(105, base=220000711, void=6))
    toast = by_order(draw(106, base=6000007110, void=6))
    zoho = draw(107, prefix="INV-00", void=5)
    us = {"day": "%m/%d/%Y", "money": "us"}
    totals = {line.order: line.amount for line in by_order(invoices)}
    xero = {
        "ContactName": "name", "InvoiceNumber": "order", "InvoiceDate": "day", "DueDate": "day", "Total": lambda line: str(totals.get(line.order, 0)),
        "Description": "article", "Quantity": "quantity", "UnitAmount": "price", "LineAmount": "amount", "AccountCode": "=200",
        "Currency": "=EUR", "Type": "=Sales invoice", "Status": "word",
    }  # fmt: skip
    return [
        Layout(
            "quickbooks-online-customer-detail",
            {
                "Sales by Customer Detail.csv": text(
                    _grouped(
                        online,
                        {"Customer": "=", "Date": "day", "Transaction Type": "word", "Num": "order", "Product/Service": "article",
                         "Qty": "quantity", "Sales Price": "price", "Amount": "amount"},
                        words={"sale": "Invoice", "back": "Credit Memo"}, **us,
                    ),
                    above=[["Sales by Customer Detail"], ["Example Ltd."], ["January - December 2024"], []],
                    below=[["TOTAL", *[""] * 6, spell_money(sum(line.amount for line in online), "usd")], [], ["Monday, Jan 06, 2025 - Accrual Basis"]],
                )
            },
            ours("Customer", "Num", "Date", "Amount"),
            online,
            currency="USD",
            adds=["columns.order_id: Num"],
            settle=["read.fill_down: true"],
            doubts=["header_once", "subtotal_rows", "nothing_left"],
            days="%m/%d/%Y",
        ),
        Layout(
            "quickbooks-desktop-customer-detail",
            {
                "sales.csv": text(
                    _grouped(
                        desktop,
                        {"": "=", "Type": "=Invoice", "Date": "day", "Num": "order", "Name": "name", "Item": "product", "Qty": "quantity",
                         "Sales Price": "price", "Amount": "amount"},
                        **us,
                    )
                )
            },
            ours("Name", "Num", "Date", "Amount"),
            desktop,
            currency="USD",
            adds=["columns.customer_id: Name", "columns.order_id: Num"],
            doubts=["subtotal_rows", "header_once"],
            days="%m/%d/%Y",
        ),
        Layout(
            "xero-invoice-lines-voided",
            {"SalesInvoices.csv": text(table(invoices, xero, day="%d/%m/%Y", words={"sale": ("Paid", "Awaiting Payment"), "void": ("Voided", "Draft", "Deleted")}))},
            ours("ContactName", "InvoiceNumber", "InvoiceDate", "LineAmount"),
            invoices,
            adds=["columns.customer_id: ContactName", "columns.amount: LineAmount"],
            settle=["columns.order_status: Status", "read.left_out_statuses: [Voided, Draft, Deleted]", "read.sale_statuses: [Paid, Awaiting Payment]"],
            doubts=["status_unclear", "order_total_on_lines"],
            days="%d/%m/%Y",
            most=4,
        ),
        Layout(
            "xero-credit-notes-negative",
            {
                "Receivable Invoice Detail.csv": text(
                    table(
                        credits,
                        {"Contact": "name", "Invoice Date": "day", "Invoice Number": "order", "Source": "word", "Item Code": "product",
                         "Quantity": "quantity", "Unit Price (ex)": "price", "Net (Source)": "amount"},
                        day="%d %b %Y", money="us", words={"sale": "Receivable Invoice", "back": "Receivable Credit Note"},
                    ),
                    above=[["Receivable Invoice Detail"], ["Demo Company"], ["For the year ended 31 December 2024"], []],
                )
            },
            ours("Contact", "Invoice Number", "Invoice Date", "Net (Source)"),
            credits,
            adds=["columns.customer_id: Contact", "columns.amount: Net (Source)"],
        ),
        Layout(
            "lightspeed-sales-voided",
            {
                "sales.csv": text(
                    table(
                        lightspeed,
                        {"Date": "day", "Receipt": "order", "Line Type": "=Sale", "Customer Code": "customer", "Customer Name": "name",
                         "User": "=Kim Till", "Register": "=Main", "Subtotal": "amount", "Sales Tax": "tax", "Total": "gross", "Status": "word"},
                        day="%Y-%m-%d %H:%M:%S", words={"sale": "Completed", "void": "Voided"},
                    )
                )
            },
            ours("Customer Code", "Receipt", "Date", "Subtotal"),
            lightspeed,
            adds=["columns.amount: Subtotal"],
            settle=["columns.order_status: Status", "read.left_out_statuses: [Voided]"],
            doubts=["status_unclear"],
        ),
        Layout(
            "toast-orders-voided-flag",
            {
                "OrderDetails.csv": text(
                    table(
                        toast,
                        {"Location": "=Main St", "Order Id": "order", "Order #": lambda line: str(line.number % 7 + 1), "Opened": "day",
                         "Server": "=Kim", "Customer": "name", "Amount": "amount", "Tax": "tax", "Total": "gross", "Voided": "word"},
                        day="%m/%d/%y %I:%M %p", words={"sale": "false", "void": "true"},
                    )
                )
            },
            ours("Customer", "Order Id", "Opened", "Amount"),
            toast,
            currency="USD",
            adds=["columns.order_id: Order Id", "columns.order_date: Opened", "columns.amount: Amount"],
            settle=["columns.order_status: Voided", 'read.left_out_statuses: ["true"]'],
            doubts=["status_unclear"],
            days="%m/%d/%y",
            most=4,
        ),
        Layout(
            "zoho-invoice-void",
            {
                "Invoice.csv": text(
                    table(
                        zoho,
                        {"Invoice Date": "day", "Invoice ID": lambda line: f"90001{line.order[-5:]}", "Invoice Number": "order",
                         "Invoice Status": "word", "Customer ID": "customer", "Customer Name": "name", "Currency Code": "=USD",
                         "Item Name": "article", "Quantity": "quantity", "Item Price": "price", "Item Total": "amount"},
                        words={"sale": ("Closed", "Overdue"), "void": ("Void", "Draft")},
                    )
                )
            },
            ours("Customer ID", "Invoice Number", "Invoice Date", "Item Total"),
            zoho,
            currency="USD",
            settle=["columns.order_status: Invoice Status", "read.left_out_statuses: [Void, Draft]", "read.sale_statuses: [Closed, Overdue]"],
            doubts=["status_unclear"],
        ),
    ]  # fmt: skip


def _others() -> list[Layout]:
    holded = by_order(draw(111, prefix="F24", void=6))
    cloud = by_order(draw(112, back=5))
    freee = by_order(draw(113, prefix="INV-", names=JAPANESE, whole=True, void=4))
    yayoi = draw(114, names=JAPANESE, whole=True, back=6, customer="{:05d}")
    saved = draw(115, prefix="V-", customer="CL-{:03d}", back=6)
    return [
        Layout(
            "holded-es-anulado",
            {
                "facturas.csv": text(
                    table(
                        holded,
                        {"Fecha": "day", "Núm": "order", "Vencimiento": "day", "Cliente": "name", "Subtotal": "amount", "IVA": "tax", "Total": "gross",
                         "Estado": "word"},
                        day="%d/%m/%Y", money="comma", words={"sale": ("Cobrado", "Pendiente"), "void": "Anulado"},
                    ),
                    delimiter=";",
                )
            },
            ours("Cliente", "Núm", "Fecha", "Subtotal"),
            holded,
            adds=["columns.order_id: Núm", "columns.amount: Subtotal"],
            settle=["columns.order_status: Estado", "read.left_out_statuses: [Anulado]", "read.sale_statuses: [Cobrado, Pendiente]"],
            doubts=["status_unclear"],
            days="%d/%m/%Y",
            most=4,
        ),
        Layout(
            "fatture-in-cloud-nota-di-credito",
            {
                "documenti.csv": text(
                    table(
                        cloud,
                        {"Data": "day", "Numero": "order", "Tipo documento": "word", "Cliente": "name", "Partita IVA": lambda line: f"IT0{line.customer}00017",
                         "Imponibile": "amount", "IVA": "tax", "Totale": "gross"},
                        day="%d/%m/%Y", money="de", words={"sale": "Fattura", "back": "Nota di credito"}, positive=True,
                    ),
                    delimiter=";",
                )
            },
            ours("Cliente", "Numero", "Data", "Imponibile"),
            cloud,
            adds=["columns.amount: Imponibile"],
            settle=["columns.order_type: Tipo documento", "read.return_types: [Nota di credito]"],
            doubts=["type_unclear"],
            days="%d/%m/%Y",
        ),
        Layout(
            "freee-income-and-expense",
            {
                "取引.csv": text(
                    table(
                        freee,
                        {"収支区分": "word", "管理番号": "order", "発生日": "day", "決済期日": "day", "取引先": "name", "勘定科目": "=売上高",
                         "税区分": "=課税売上10%", "金額": "amount", "税額": "tax", "備考": "="},
                        day="%Y/%m/%d", money="int", words={"sale": "収入", "void": "支出"},
                    ),
                    encoding="cp932",
                )
            },
            ours("取引先", "管理番号", "発生日", "金額"),
            freee,
            currency="JPY",
            adds=["columns.order_id: 管理番号", "columns.order_date: 発生日"],
            settle=["columns.order_type: 収支区分", "read.left_out_types: [支出]"],
            doubts=["encoding", "type_unclear"],
            most=4,
            job={"read": {"encoding": "cp932"}},
        ),
        Layout(
            "yayoi-sales-slips",
            {
                "売上明細.csv": text(
                    table(
                        yayoi,
                        {"売上日付": "day", "伝票番号": "order", "取引区分": "word", "得意先コード": "customer", "得意先名": "name", "商品コード": "product",
                         "商品名": "article", "数量": "quantity", "単価": "price", "金額": "amount"},
                        day="%Y/%m/%d", money="int,", words={"sale": "掛売上", "back": "掛返品"},
                    ),
                    encoding="cp932",
                    quoted=True,
                )
            },
            ours("得意先コード", "伝票番号", "売上日付", "金額"),
            yayoi,
            currency="JPY",
            doubts=["encoding", "number_ambiguous"],
            job={"read": {"encoding": "cp932", "decimal": "."}},
            settle=['read.decimal: "."'],
        ),
        Layout(
            "danea-it-vendite",
            {
                "vendite.csv": text(
                    table(
                        saved,
                        {"Data ordine": "day", "Numero ordine": "order", "Codice cliente": "customer", "Codice articolo": "product", "Quantità": "quantity",
                         "Prezzo unitario": "price", "Importo": "amount"},
                        day="%d/%m/%Y", money="de",
                    ),
                    delimiter=";",
                )
            },
            ours("Codice cliente", "Numero ordine", "Data ordine", "Importo"),
            saved,
            days="%d/%m/%Y",
        ),
    ]  # fmt: skip


LAYOUTS = [*_payments(), *_american(), *_others()]
