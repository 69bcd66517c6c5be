"""Headers as systems export them: which of ours each is, by name and by what stands below it."""

from __future__ import annotations

import pytest

from kalib.ledger.guess import Guess, Numbers, Repeats, Seen, choose_customer, guess_columns
from kalib.words.told import told

ROWS = 100


def see(header: str, kind: str) -> Seen:
    """Return a column of 100 rows: d days, n numbers, o numbers of 50 orders, 2 to 9 so many values, t 30 texts."""
    match kind:
        case "d":
            return Seen(header, "date", ROWS, ROWS, 60, ('"2024-01-05"',))
        case "n":
            return Seen(header, "text", ROWS, ROWS, 80, ('"12.50"',), Numbers(point=ROWS, only_point=ROWS))
        case "o":
            return Seen(header, "text", ROWS, ROWS, 50, ('"#1001"', '"SO1002"'))
        case "t":
            return Seen(header, "text", ROWS, ROWS, 30, ('"Firm A"', '"Firm B"'))
    return Seen(header, "text", ROWS, ROWS, int(kind), ('"x"', '"y"'))


EXPORTS = {
    "SAP": (
        "Sales Document:o,Item:9,Sold-to party:t,Document Date:d,Material:t,Order Quantity:n,Net Value:n,Document Currency:1",
        {"customer_id": "Sold-to party", "order_id": "Sales Document", "order_date": "Document Date", "amount": "Net Value",
         "quantity": "Order Quantity", "currency": "Document Currency"},
    ),
    "SAP, German": (
        "Verkaufsbeleg:o,Position:9,Auftraggeber:t,Belegdatum:d,Material:t,Auftragsmenge:n,Nettowert:n,Belegwährung:1,Kundenbestellnummer:o",
        {"customer_id": "Auftraggeber", "order_id": "Verkaufsbeleg", "order_date": "Belegdatum", "amount": "Nettowert",
         "quantity": "Auftragsmenge", "currency": "Belegwährung"},
    ),
    "SAP, tables": (
        "VBELN:o,POSNR:9,KUNNR:t,AUDAT:d,MATNR:t,KWMENG:n,NETWR:n,WAERK:1",
        {"customer_id": "KUNNR", "order_id": "VBELN", "order_date": "AUDAT", "amount": "NETWR", "currency": "WAERK"},
    ),
    "用友": (
        "单据日期:d,单据号:o,客户编码:t,客户简称:t,存货编码:t,存货名称:t,数量:n,含税单价:n,价税合计:n,税额:n,币种:1,业务员:5",
        {"customer_id": "客户编码", "order_id": "单据号", "order_date": "单据日期", "amount": "价税合计", "quantity": "数量",
         "unit_price": "含税单价", "product": "存货编码"},
    ),
    "金蝶": (
        "日期:d,单据编号:o,购货单位:t,产品名称:t,实发数量:n,销售单价:n,销售金额:n,币别:1,源单编号:o",
        {"customer_id": "购货单位", "order_id": "单据编号", "order_date": "日期", "amount": "销售金额", "quantity": "实发数量"},
    ),
    "有赞": (
        "订单号:o,订单状态:4,订单创建时间:d,买家付款时间:d,买家昵称:t,收货人:t,商品名称:t,商品数量:n,商品单价:n,订单实付金额:n,已退款金额:n",
        {"customer_id": "买家昵称", "order_id": "订单号", "order_date": "订单创建时间", "amount": "订单实付金额",
         "refund": "已退款金额", "order_status": "订单状态", "paid_date": "买家付款时间"},
    ),
    "淘宝": (
        "订单编号:o,买家会员名:t,买家应付邮费:n,总金额:n,订单状态:4,收货人姓名:t,订单创建时间:d,订单付款时间:d,宝贝标题:t,宝贝总数量:n,退款金额:n",
        {"customer_id": "买家会员名", "order_id": "订单编号", "order_date": "订单创建时间", "amount": "总金额", "refund": "退款金额"},
    ),
    "天猫": (
        "品牌名称:1,买家昵称:t,付款日期:d,订单状态:4,实付金额:n,邮费:n,购买数量:n",
        {"customer_id": "买家昵称", "order_date": "付款日期", "amount": "实付金额", "quantity": "购买数量", "paid_date": None},
    ),
    "Shopify": (
        "Name:o,Email:t,Financial Status:4,Paid at:d,Fulfilled at:d,Currency:1,Subtotal:n,Shipping:n,Taxes:n,Total:n,Created at:d,"
        "Lineitem quantity:n,Lineitem name:t,Lineitem price:n,Lineitem compare at price:n,Lineitem sku:t,Billing Name:t,Refunded Amount:n",
        {"customer_id": "Email", "order_id": "Name", "order_date": "Created at", "amount": None, "quantity": "Lineitem quantity",
         "unit_price": "Lineitem price", "refund": "Refunded Amount", "order_status": "Financial Status"},
    ),
    "WooCommerce": (
        "Order Number:o,Order Status:5,Order Date:d,Email (Billing):t,First Name (Billing):t,SKU:t,Item Name:t,Quantity:n,Order Line Total:n,"
        "Order Total Amount:n,Order Refund Amount:n",
        {"customer_id": "Email (Billing)", "order_id": "Order Number", "order_date": "Order Date", "amount": "Order Line Total",
         "refund": "Order Refund Amount"},
    ),
    "Stripe": (
        "id:o,Description:t,Created (UTC):d,Amount:n,Amount Refunded:n,Currency:1,Fee:n,Status:3,Customer ID:t,Customer Email:t,Invoice ID:o",
        {"customer_id": "Customer ID", "order_id": "Invoice ID", "order_date": "Created (UTC)", "amount": "Amount",
         "refund": "Amount Refunded", "order_status": "Status"},
    ),
    "QuickBooks": (
        "Date:d,Transaction Type:3,Num:o,Name:t,Product/Service:t,Qty:n,Sales Price:n,Amount:n,Balance:n,Account:2",
        {"order_id": "Num", "order_date": "Date", "amount": "Amount", "order_type": "Transaction Type", "quantity": "Qty"},
    ),
    "Xero": (
        "ContactName:t,EmailAddress:9,InvoiceNumber:o,Reference:o,InvoiceDate:d,DueDate:d,Total:n,InventoryItemCode:t,Quantity:n,UnitAmount:n,"
        "LineAmount:n,AccountCode:3,TaxAmount:n,Currency:1,Type:2,Status:3",
        {"customer_id": "ContactName", "order_id": "InvoiceNumber", "order_date": "InvoiceDate", "amount": "LineAmount",
         "due_date": "DueDate", "unit_price": "UnitAmount"},
    ),
    "Odoo": (
        "Order Reference:o,Customer:t,Order Date:d,Salesperson:4,Order Lines/Product:t,Order Lines/Quantity:n,Order Lines/Unit Price:n,"
        "Order Lines/Subtotal:n,Total:n,Status:3",
        {"customer_id": "Customer", "order_id": "Order Reference", "order_date": "Order Date", "amount": "Order Lines/Subtotal",
         "quantity": "Order Lines/Quantity", "unit_price": "Order Lines/Unit Price"},
    ),
    "Salesforce": (
        "Account Name:t,Order Number:o,Order Start Date:d,Order Amount Currency:1,Order Amount:n,Status:3",
        {"customer_id": "Account Name", "order_id": "Order Number", "order_date": "Order Start Date", "amount": "Order Amount",
         "currency": "Order Amount Currency"},
    ),
    "NetSuite": (
        "Date:d,Document Number:o,Name:t,Type:3,Item:t,Quantity:n,Item Rate:n,Amount:n,Status:4",
        {"customer_id": "Name", "order_id": "Document Number", "order_date": "Date", "amount": "Amount", "unit_price": "Item Rate",
         "product": "Item"},
    ),
    "Amazon": (
        "amazon-order-id:o,merchant-order-id:o,purchase-date:d,last-updated-date:d,order-status:3,sku:t,quantity:n,currency:1,item-price:n,"
        "item-tax:n,shipping-price:n,buyer-email:t",
        {"customer_id": "buyer-email", "order_id": "amazon-order-id", "order_date": "purchase-date", "amount": "item-price",
         "unit_price": None, "quantity": "quantity"},
    ),
    "star schema": (
        "ProductKey:t,OrderDateKey:d,DueDateKey:d,ResellerKey:t,EmployeeKey:5,SalesOrderNumber:o,SalesOrderLineNumber:9,OrderQuantity:n,"
        "UnitPrice:n,ExtendedAmount:n,UnitPriceDiscountPct:n,SalesAmount:n,TaxAmt:n,CustomerPONumber:o",
        {"customer_id": "ResellerKey", "order_id": "SalesOrderNumber", "order_date": "OrderDateKey", "amount": "SalesAmount",
         "unit_price": "UnitPrice"},
    ),
    "Portuguese": (
        "Nº Pedido:o,Data do Pedido:d,Cód. Cliente:t,Nome do Cliente:t,Produto:t,Quantidade:n,Preço Unitário:n,Valor Total:n,Situação:4",
        {"customer_id": "Cód. Cliente", "order_id": "Nº Pedido", "order_date": "Data do Pedido", "amount": "Valor Total",
         "order_status": "Situação"},
    ),
    "Italian": (
        "N. Ordine:o,Data Ordine:d,Codice Cliente:t,Ragione Sociale:t,Articolo:t,Quantità:n,Prezzo Unitario:n,Importo:n,Stato ordine:4",
        {"customer_id": "Codice Cliente", "order_id": "N. Ordine", "order_date": "Data Ordine", "amount": "Importo",
         "order_status": "Stato ordine"},
    ),
    "a ledger": (
        "Posting Date:d,Document No:o,Account:2,Customer Name:t,Amount:n",
        {"customer_id": "Customer Name", "order_id": "Document No"},
    ),
    "accounts that are customers": (
        "Date:d,Invoice:o,Account No:t,Customer Name:t,Amount:n",
        {"customer_id": "Account No"},
    ),
    "a till": ("Receipt No:o,User:3,Customer:t,Date:d,Total:n", {"customer_id": "Customer", "order_id": "Receipt No"}),
}  # fmt: skip


@pytest.mark.parametrize("system", EXPORTS)
def test_the_headers_of_systems_are_known(system):
    headers, wanted = EXPORTS[system]
    guesses = guess_columns([see(*column.rsplit(":", 1)) for column in headers.split(",")])
    found = {ours: guesses[ours].header if ours in guesses else None for ours in wanted}
    assert found == wanted


@pytest.mark.parametrize(
    "header", ["Customer PO Number", "Customer Reference", "Kundenbestellnummer", "客户订单号", "客户电话"]
)
def test_a_number_of_the_customers_own_is_no_customer(header):
    assert "customer_id" not in guess_columns([see(header, "o"), see("Date", "d"), see("Amount", "n")])


def test_a_column_of_one_value_or_one_value_per_order_gives_way_to_one_that_repeats():
    guess = Guess("A", "certain", told("header and contents fit"), ("B", "C"))
    one, many, comes_back = Repeats(100, 1, 50, 50), Repeats(100, 50, 50, 50), Repeats(100, 20, 50, 50)
    assert choose_customer(guess, {"A": one, "B": many, "C": comes_back}).header == "C"
    assert choose_customer(guess, {"A": many, "B": one, "C": comes_back}).rivals == ("A", "B")
    assert choose_customer(guess, {"A": comes_back, "B": one, "C": many}) is guess
    alone = choose_customer(guess, {"A": many, "B": one, "C": one})
    assert (alone.header, alone.sure) == ("A", "please check")


def test_the_day_of_payment_is_the_order_date_only_where_there_is_no_other():
    paid, other = see("付款日期", "d"), see("登记日", "d")
    assert guess_columns([paid])["order_date"].header == "付款日期"
    both = guess_columns([paid, other])
    assert (both["order_date"].header, both["paid_date"].header) == ("登记日", "付款日期")
