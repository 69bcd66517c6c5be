"""How do shops and marketplaces export orders? 有赞, 淘宝, 京东, 拼多多, 抖店, Shopify, WooCommerce, Magento, Amazon, 카페24 and others."""

from __future__ import annotations

from layouts_base import CHINESE, JAPANESE, KOREAN, Layout, by_order, draw, ours, table, text, workbook

STAMP = "%Y-%m-%d %H:%M:%S"


def _chinese() -> list[Layout]:
    youzan = by_order(draw(51, prefix="E2024", names=CHINESE, void=4))
    taobao = by_order(draw(52, base=308_411_240_711, names=CHINESE, void=4))
    items = draw(53, base=308_411_250_711, names=CHINESE, void=5)
    tmall = by_order(draw(54, base=308_411_260_711, names=CHINESE, refund=4))
    jd = by_order(draw(55, base=290_711_240_711, names=CHINESE, void=5))
    pdd = by_order(draw(56, prefix="240108-", names=CHINESE, void=4))
    douyin = draw(57, base=6_920_711_240_711, names=CHINESE, void=5)
    mini = by_order(draw(58, prefix="WX", names=CHINESE, refund=5))
    success = {"sale": "交易成功", "void": "交易关闭"}
    return [
        Layout(
            "youzan-orders",
            {
                "订单列表.csv": text(
                    table(
                        youzan,
                        {"订单号": "order", "订单状态": "word", "订单创建时间": "day", "买家付款时间": "day", "买家昵称": "name",
                         "买家手机号": "customer", "商品金额合计": "gross", "订单实付金额": "amount", "店铺名称": "=总店"},
                        day=STAMP, words={"sale": "交易完成", "void": "交易关闭"},
                    ),
                    encoding="utf-8-sig",
                )
            },
            ours("买家昵称", "订单号", "订单创建时间", "订单实付金额"),
            youzan,
            currency="CNY",
            adds=["columns.amount: 订单实付金额"],
            settle=["columns.order_status: 订单状态", "read.left_out_statuses: [交易关闭]"],
            doubts=["status_unclear"],
        ),
        Layout(
            "taobao-order-report",
            {
                "ExportOrderList.csv": text(
                    table(
                        taobao,
                        {"订单编号": lambda line: f'="{line.order}"', "买家会员名": "name", "买家应付货款": "amount", "买家应付邮费": "=0",
                         "总金额": "gross", "买家实际支付金额": lambda line: "0" if line.kind == "void" else str(line.amount),
                         "订单状态": "word", "订单创建时间": "day", "订单付款时间": "day", "宝贝标题": "article", "宝贝总数量": "quantity",
                         "订单关闭原因": "="},
                        day=STAMP, words=success,
                    ),
                    encoding="gb18030",
                )
            },
            ours("买家会员名", "订单编号", "订单创建时间", "买家应付货款"),
            taobao,
            currency="CNY",
            adds=["columns.amount: 买家应付货款"],
            settle=["columns.order_status: 订单状态", "read.left_out_statuses: [交易关闭]"],
            doubts=["status_unclear"],
        ),
        Layout(
            "taobao-items-report",
            {
                "ExportOrderDetailList.csv": text(
                    table(
                        items,
                        {"子订单编号": lambda line: f"{line.order}{line.line}", "主订单编号": "order", "买家会员名": "name", "标题": "article",
                         "价格": "price", "购买数量": "quantity", "商家编码": "product", "订单状态": "word", "买家应付货款": "amount",
                         "订单创建时间": "day"},
                        day=STAMP, words=success,
                    ),
                    encoding="gb18030",
                )
            },
            ours("买家会员名", "主订单编号", "订单创建时间", "买家应付货款"),
            items,
            currency="CNY",
            adds=["columns.order_id: 主订单编号", "columns.amount: 买家应付货款"],
            settle=["columns.order_status: 订单状态", "read.left_out_statuses: [交易关闭]"],
            doubts=["status_unclear", "order_is_line"],
        ),
        Layout(
            "tmall-refund-column",
            {
                "天猫订单.csv": text(
                    table(
                        tmall,
                        {"订单编号": "order", "买家会员名": "name", "买家实际支付金额": "amount", "退款金额": "refund", "订单状态": "=交易成功",
                         "订单创建时间": "day"},
                        day=STAMP,
                    ),
                    encoding="gb18030",
                )
            },
            ours("买家会员名", "订单编号", "订单创建时间", "买家实际支付金额"),
            tmall,
            currency="CNY",
            adds=["columns.amount: 买家实际支付金额"],
            settle=["columns.refund: 退款金额"],
            doubts=["refund_unmapped"],
        ),
        Layout(
            "jd-orders",
            {
                "京东订单.csv": text(
                    table(
                        jd,
                        {"订单号": "order", "商品ID": "product", "商品名称": "article", "订购数量": "quantity", "下单时间": "day", "京东价": "price",
                         "订单金额": "amount", "订单状态": "word", "客户姓名": "name", "下单帐号": "customer"},
                        day=STAMP, words={"sale": ("完成", "等待确认收货"), "void": "(删除)等待出库"},
                    ),
                    encoding="gb18030",
                )
            },
            ours("下单帐号", "订单号", "下单时间", "订单金额"),
            jd,
            currency="CNY",
            settle=["columns.order_status: 订单状态", 'read.left_out_statuses: ["(删除)等待出库"]', "read.sale_statuses: [完成, 等待确认收货]"],
            doubts=["status_unclear"],
        ),
        Layout(
            "pinduoduo-orders",
            {
                "orders_export.csv": text(
                    table(
                        pdd,
                        {"商品": "article", "订单号": lambda line: f"{line.order}\t", "订单状态": "word", "商品总价(元)": "gross",
                         "用户实付金额(元)": "amount", "商品数量(件)": "quantity", "收货人": "name", "拼单成功时间": "day",
                         "商品id": "product", "售后状态": "=无售后或售后取消"},
                        day=STAMP, words={"sale": "已收货", "void": ("已取消，退款成功", "未发货，退款成功")},
                    ),
                    encoding="utf-8-sig",
                )
            },
            ours("收货人", "订单号", "拼单成功时间", "用户实付金额(元)"),
            pdd,
            currency="CNY",
            adds=["columns.customer_id: 收货人", "columns.amount: 用户实付金额(元)"],
            settle=["columns.order_status: 订单状态", 'read.left_out_statuses: ["已取消，退款成功", "未发货，退款成功"]'],
            doubts=["status_unclear"],
            most=4,
        ),
        Layout(
            "doudian-sub-orders",
            {
                "抖店订单.csv": text(
                    table(
                        douyin,
                        {"主订单编号": lambda line: f"\t{line.order}", "子订单编号": lambda line: f"\t{line.order}{line.line}", "选购商品": "article",
                         "商品数量": "quantity", "商品ID": "product", "商品单价": "price", "订单应付金额": "amount", "收件人": "name",
                         "订单提交时间": "day", "订单状态": "word"},
                        day=STAMP, words={"sale": ("已完成", "已发货"), "void": "已关闭"},
                    )
                )
            },
            ours("收件人", "主订单编号", "订单提交时间", "订单应付金额"),
            douyin,
            currency="CNY",
            adds=["columns.customer_id: 收件人", "columns.order_id: 主订单编号"],
            settle=["columns.order_status: 订单状态", "read.left_out_statuses: [已关闭]"],
            doubts=["status_unclear", "order_is_line"],
        ),
        Layout(
            "wechat-mini-shop-refunds",
            {
                "小程序订单.csv": text(
                    table(
                        mini,
                        {"订单编号": "order", "下单时间": "day", "会员编号": "customer", "支付金额": "amount", "已退款金额": "refund", "支付方式": "=微信支付"},
                        day=STAMP,
                    )
                )
            },
            ours("会员编号", "订单编号", "下单时间", "支付金额"),
            mini,
            currency="CNY",
            settle=["columns.refund: 已退款金额"],
            doubts=["refund_unmapped"],
            adds=["columns.amount: 支付金额"],
        ),
    ]  # fmt: skip


def _shopify() -> list[Layout]:
    voided = draw(61, prefix="#", base=1001, void=6)
    totals = by_order(voided)
    sums = {line.order: line.amount for line in totals}
    refunded = by_order(draw(62, prefix="#", base=2001, refund=4))
    plus = {"day": "%Y-%m-%d %H:%M:%S +0000", "words": {"sale": "paid", "void": ("voided", "refunded")}}
    header = {
        "Name": "order",
        "Email": "email",
        "Financial Status": "word?",
        "Paid at": "day?",
        "Fulfillment Status": "=fulfilled",
    }
    goods = {
        "Lineitem quantity": "quantity",
        "Lineitem name": "article",
        "Lineitem price": "price",
        "Lineitem sku": "product",
    }
    money = {"Currency": "=USD", "Total": lambda line: str(sums[line.order]) if line.first else "", "Created at": "day"}
    return [
        Layout(
            "shopify-total-on-first-line",
            {"orders_export_1.csv": text(table(voided, header | money | goods, **plus))},
            ours("Email", "Name", "Created at", "Total"),
            voided,
            currency="USD",
            adds=["columns.customer_id: Email", "columns.order_id: Name", "columns.amount: Total"],
            settle=["columns.order_status: Financial Status", "read.left_out_statuses: [voided, refunded]"],
            doubts=["status_unclear"],
        ),
        Layout(
            "shopify-line-items",
            {"orders_export_1.csv": text(table(voided, header | money | goods, **plus))},
            ours("Email", "Name", "Created at", quantity="Lineitem quantity", unit_price="Lineitem price", product="Lineitem sku"),
            voided,
            currency="USD",
            adds=["columns.customer_id: Email", "columns.order_id: Name", "columns.amount: Total"],
            settle=["columns.order_status: Financial Status", "read.left_out_statuses: [voided, refunded]"],
            doubts=["status_unclear"],
        ),
        Layout(
            "shopify-refunded-amount",
            {
                "orders_export.csv": text(
                    table(
                        refunded,
                        {"Name": "order", "Email": "email", "Financial Status": "=paid", "Created at": "day", "Currency": "=EUR", "Subtotal": "amount",
                         "Shipping": "=0.00", "Taxes": "=0.00", "Total": "amount", "Refunded Amount": "refund"},
                        **plus,
                    )
                )
            },
            ours("Email", "Name", "Created at", "Total"),
            refunded,
            adds=["columns.customer_id: Email", "columns.order_id: Name", "columns.amount: Total"],
            settle=["columns.refund: Refunded Amount"],
            doubts=["refund_unmapped"],
        ),
    ]  # fmt: skip


def _western() -> list[Layout]:
    woo = by_order(draw(71, base=5011, void=4))
    magento = by_order(draw(72, base=100_000_711, void=5, refund=7))
    amazon = draw(73, prefix="113-40711", void=6)
    settled = draw(74, prefix="303-40711", back=6, same_number=True)
    etsy = draw(75, base=3_011_240_711)
    presta = by_order(draw(76, base=711, void=5))
    shopware = draw(77, base=10711, void=5)
    tiktok = by_order(draw(78, base=576_711_240_711, refund=5, void=6))
    marketplaces = ("Amazon.de", "Amazon.fr", "Amazon.it", "Amazon.es")
    settled = [
        line._replace(customer=marketplaces[int(line.customer) % 4], name=marketplaces[int(line.customer) % 4])
        for line in settled
    ]
    # one order has one marketplace: its number hangs on the line, and the customer is drawn by order
    return [
        Layout(
            "woocommerce-orders",
            {
                "wc-orders.csv": text(
                    table(
                        woo,
                        {"Order Number": "order", "Order Status": "word", "Order Date": "day", "Company (Billing)": "name",
                         "Email (Billing)": "email", "Payment Method Title": "=PayPal", "Cart Discount Amount": "=0",
                         "Order Subtotal Amount": "amount", "Order Total Amount": "gross"},
                        day="%Y-%m-%d %H:%M", words={"sale": ("Completed", "Processing"), "void": ("Cancelled", "Failed", "Refunded")},
                    )
                )
            },
            ours("Email (Billing)", "Order Number", "Order Date", "Order Subtotal Amount"),
            woo,
            adds=["columns.customer_id: Email (Billing)", "columns.amount: Order Subtotal Amount"],
            settle=["columns.order_status: Order Status", "read.left_out_statuses: [Cancelled, Failed, Refunded]"],
            doubts=["status_unclear", "discount_unclear"],
        ),
        Layout(
            "magento-sales-orders",
            {
                "sales_order.csv": text(
                    table(
                        magento,
                        {"ID": "order", "Purchase Point": "=Main Website", "Purchase Date": "day", "Bill-to Name": "name",
                         "Grand Total (Base)": "amount", "Status": "word", "Customer Email": "email", "Total Refunded": "refund"},
                        day="%b %d, %Y %I:%M:%S %p", words={"sale": "Complete", "void": "Canceled"},
                    ),
                    quoted=True,
                )
            },
            ours("Customer Email", "ID", "Purchase Date", "Grand Total (Base)"),
            magento,
            currency="USD",
            settle=["columns.order_status: Status", "read.left_out_statuses: [Canceled]", "columns.refund: Total Refunded"],
            doubts=["status_unclear", "refund_unmapped"],
            adds=["columns.customer_id: Customer Email", "columns.amount: Grand Total (Base)"],
        ),
        Layout(
            "amazon-all-orders",
            {
                "all_orders.txt": text(
                    table(
                        amazon,
                        {"amazon-order-id": "order", "purchase-date": "day", "order-status": "word", "sales-channel": "=Amazon.com",
                         "buyer-email": "email", "sku": "product", "asin": "=B0ABCD1234", "quantity": "quantity", "currency": "=USD",
                         "item-price": "amount", "item-tax": "tax", "ship-country": "=US"},
                        day="%Y-%m-%dT%H:%M:%S+00:00", words={"sale": "Shipped", "void": "Cancelled"},
                    ),
                    delimiter="\t",
                )
            },
            ours("buyer-email", "amazon-order-id", "purchase-date", "item-price"),
            amazon,
            currency="USD",
            adds=["columns.customer_id: buyer-email", "columns.amount: item-price"],
            settle=["columns.order_status: order-status", "read.left_out_statuses: [Cancelled]"],
            doubts=["status_unclear"],
        ),
        Layout(
            "amazon-settlement",
            {
                "settlement.txt": text(
                    table(
                        settled,
                        {"settlement-id": "=17711240", "transaction-type": "word", "order-id": "order", "marketplace-name": "name",
                         "amount-type": "=ItemPrice", "amount-description": "=Principal", "amount": "amount", "posted-date": "day", "sku": "product"},
                        day="%d.%m.%Y", words={"sale": "Order", "back": "Refund"}, money="comma",
                    ),
                    delimiter="\t",
                )
            },
            ours("marketplace-name", "order-id", "posted-date", "amount"),
            settled,
            adds=["columns.customer_id: marketplace-name"],
            days="%d.%m.%Y",
        ),
        Layout(
            "etsy-sold-order-items",
            {
                "EtsySoldOrderItems2024.csv": text(
                    table(
                        etsy,
                        {"Sale Date": "day", "Item Name": "article", "Buyer": "name", "Quantity": "quantity", "Price": "price", "Coupon Code": "=",
                         "Item Total": "amount", "Currency": "=EUR", "Transaction ID": lambda line: f"4{line.order}{line.line}", "Order ID": "order"},
                        day="%m/%d/%y",
                    )
                )
            },
            ours("Buyer", "Order ID", "Sale Date", "Item Total"),
            etsy,
            days="%m/%d/%y",
        ),
        Layout(
            "prestashop-fr",
            {
                "commandes.csv": text(
                    table(
                        presta,
                        {"ID": "order", "Référence": lambda line: f"XKBK{line.order}", "Client": "name", "Total": "amount", "Paiement": "=Carte",
                         "État": "word", "Date": "day"},
                        day=STAMP, words={"sale": ("Livré", "Paiement accepté"), "void": ("Annulé", "Remboursé")},
                    ),
                    delimiter=";",
                )
            },
            ours("Client", "ID", "Date", "Total"),
            presta,
            adds=["columns.order_id: ID"],
            settle=["columns.order_status: État", "read.left_out_statuses: [Annulé, Remboursé]"],
            doubts=["status_unclear"],
        ),
        Layout(
            "shopware-de-storniert",
            {
                "bestellungen.csv": text(
                    table(
                        shopware,
                        {"Bestellnummer": "order", "Bestelldatum": "day", "Kundennummer": "customer", "Artikelnummer": "product",
                         "Menge": "quantity", "Einzelpreis": "price", "Gesamtpreis": "amount", "Bestellstatus": "word"},
                        day="%d.%m.%Y %H:%M", money="comma", words={"sale": "Komplett abgeschlossen", "void": "Storniert / Abgelehnt"},
                    ),
                    delimiter=";",
                )
            },
            ours("Kundennummer", "Bestellnummer", "Bestelldatum", "Gesamtpreis"),
            shopware,
            settle=["columns.order_status: Bestellstatus", "read.left_out_statuses: [Storniert / Abgelehnt]"],
            doubts=["status_unclear"],
            days="%d.%m.%Y",
        ),
        Layout(
            "tiktok-shop",
            {
                "OrderSKUList.csv": text(
                    table(
                        tiktok,
                        {"Order ID": "order", "Order Status": "word", "SKU ID": "product", "Quantity": "quantity", "Order Amount": "amount",
                         "Order Refund Amount": "refund", "Created Time": "day", "Buyer Username": "name"},
                        day="%m/%d/%Y %I:%M:%S %p", words={"sale": "Completed", "void": "Canceled"},
                    )
                )
            },
            ours("Buyer Username", "Order ID", "Created Time", "Order Amount"),
            tiktok,
            currency="USD",
            adds=["columns.customer_id: Buyer Username", "columns.amount: Order Amount"],
            settle=["columns.order_status: Order Status", "read.left_out_statuses: [Canceled]", "columns.refund: Order Refund Amount"],
            doubts=["status_unclear", "refund_unmapped"],
            days="%m/%d/%Y",
            most=4,
        ),
    ]  # fmt: skip


def _japan_and_korea() -> list[Layout]:
    rakuten = by_order(draw(81, prefix="300711-2024-", names=JAPANESE, whole=True, void=5))
    cafe24 = by_order(draw(82, prefix="20240108-000", names=KOREAN, whole=True, void=4))
    naver = draw(83, base=2_024_010_840_711, names=KOREAN, whole=True, void=5)
    return [
        Layout(
            "rakuten-rms",
            {
                "注文データ.csv": text(
                    table(
                        rakuten,
                        {"注文番号": "order", "ステータス": "word", "注文日時": "day", "注文者名": "name", "会員番号": "customer", "商品合計金額": "amount"},
                        day="%Y/%m/%d %H:%M:%S", money="int", words={"sale": "処理済", "void": "キャンセル確定"},
                    ),
                    encoding="cp932",
                    quoted=True,
                )
            },
            ours("会員番号", "注文番号", "注文日時", "商品合計金額"),
            rakuten,
            currency="JPY",
            settle=["columns.order_status: ステータス", "read.left_out_statuses: [キャンセル確定]", "read.sale_statuses: [処理済]"],
            doubts=["encoding", "status_unclear"],
            job={"read": {"encoding": "cp932"}},
        ),
        Layout(
            "cafe24-orders",
            {
                "주문목록.csv": text(
                    table(
                        cafe24,
                        {"주문번호": "order", "주문일시": "day", "주문자명": "name", "주문자ID": "customer", "상품구매금액": "amount", "배송비": "=0",
                         "주문상태": "word"},
                        day=STAMP, money="int", words={"sale": ("배송완료", "배송중"), "void": ("취소완료", "반품완료")},
                    ),
                    encoding="utf-8-sig",
                )
            },
            ours("주문자ID", "주문번호", "주문일시", "상품구매금액"),
            cafe24,
            currency="KRW",
            adds=["columns.customer_id: 주문자ID", "columns.amount: 상품구매금액"],
            settle=["columns.order_status: 주문상태", "read.left_out_statuses: [취소완료, 반품완료]"],
            doubts=["status_unclear"],
        ),
        Layout(
            "naver-smartstore",
            {
                "스마트스토어_전체주문.xlsx": workbook({"발주발송관리": [["엑셀 일괄발송"], *
                    table(
                        naver,
                        {"상품주문번호": lambda line: f"{line.order}{line.line}", "주문번호": "order", "구매자명": "name", "구매자ID": "customer",
                         "주문상태": "word", "결제일": "day", "상품번호": "product", "수량": "quantity", "상품가격": "price", "상품별 총 주문금액": "amount"},
                        day="%Y-%m-%d %H:%M", money="int", words={"sale": "구매확정", "void": ("취소", "반품")},
                    )]})
            },
            ours("구매자ID", "주문번호", "결제일", "상품별 총 주문금액"),
            naver,
            currency="KRW",
            adds=["columns.order_id: 주문번호", "columns.order_date: 결제일", "columns.amount: 상품별 총 주문금액"],
            settle=["columns.order_status: 주문상태", "read.left_out_statuses: [취소, 반품]"],
            doubts=["status_unclear", "order_is_line"],
        ),
    ]  # fmt: skip


LAYOUTS = [*_chinese(), *_shopify(), *_western(), *_japan_and_korea()]
