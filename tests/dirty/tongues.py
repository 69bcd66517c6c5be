"""What do clean logs of real firms look like, in nine languages? The headers, customers and figures that real cases start from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from case import Row

OURS = ("customer_id", "order_id", "order_date", "amount")


@dataclass(frozen=True)
class Tongue:
    """How a country writes its orders: our names and theirs, a clean log, and the look of its days and money."""

    code: str
    headers: Mapping[str, str]
    log: tuple[Row, ...]
    net: str  # of the log, added by hand
    goods: tuple[str, ...]
    day: str = "%Y-%m-%d"
    comma: bool = False

    @property
    def delimiter(self) -> str:
        return ";" if self.comma else ","

    @property
    def rest(self) -> tuple[Row, ...]:
        """Return the rows of the orders that a case keeps when it takes the second and the fifth order away."""
        return without(self.log, self.orders[1], self.orders[4])

    @property
    def orders(self) -> list[str]:
        """Return the order numbers, each once."""
        return list(dict.fromkeys(row.order for row in self.log))

    def columns(self, **more: str) -> dict[str, str]:
        """Return ours: theirs, as a job file maps them."""
        return {ours: self.headers[ours] for ours in OURS} | more

    @property
    def dates(self) -> dict[str, str]:
        """Return what a job says of the days of a text file, where they could be read in two ways."""
        return {} if self.day == "%Y-%m-%d" else {"read.date_format": self.day}

    def job(self, **more: str) -> dict[str, object]:
        """Return what the job of a text file says: columns, and how its days are written."""
        return {"columns": self.columns(**more), **self.dates}

    def money(self, amount: str) -> str:
        """Write an amount as the country does.

        >>> TONGUES["de"].money("-1234.50"), TONGUES["en"].money("-1234.50")
        ('-1234,50', '-1234.50')
        """
        return amount.replace(".", ",") if self.comma else amount

    def date(self, day: str) -> str:
        """Write a day as the country does."""
        return dt.date.fromisoformat(day).strftime(self.day)

    def spell(
        self,
        rows: Sequence[Row] | None = None,
        /,
        *,
        amount: str | None = None,
        **more: Sequence[str] | Mapping[str, str],
    ) -> str:
        """Return rows as a text file; ``more`` are further columns by header, a cell a row or a cell by order number.

        ``amount`` is another header for the money. A header with blanks is written with underscores in Python, and as
        blanks in the file.
        """
        rows = self.log if rows is None else rows
        extra = {
            header: [cells[row.order] for row in rows] if isinstance(cells, Mapping) else list(cells)
            for header, cells in more.items()
        }
        header = [*(self.headers[ours] for ours in OURS[:3]), amount or self.headers["amount"], *extra]
        lines = [
            [row.customer, row.order, self.date(row.day) if row.day else "", self.money(row.amount)] for row in rows
        ]
        for at, line in enumerate(lines):
            line += [cells[at] for cells in extra.values()]
        return "".join(self.delimiter.join(cells) + "\n" for cells in (header, *lines))

    def products(self, rows: Sequence[Row] | None = None) -> list[str]:
        """Return what each row sells; lines of one order sell different goods."""
        return [self.goods[at % len(self.goods)] for at, _ in enumerate(self.log if rows is None else rows)]


def without(rows: Sequence[Row], *orders: str) -> tuple[Row, ...]:
    """Return the rows but those of some orders."""
    return tuple(row for row in rows if row.order not in orders)


def only(rows: Sequence[Row], *orders: str) -> tuple[Row, ...]:
    """Return the rows of some orders."""
    return tuple(row for row in rows if row.order in orders)


def turned(rows: Sequence[Row], *orders: str) -> tuple[Row, ...]:
    """Return the rows, the money of some orders taken off instead of added."""
    return tuple(row._replace(amount=opposite(row.amount)) if row.order in orders else row for row in rows)


def opposite(amount: str) -> str:
    """Return an amount with the other sign.

    >>> opposite("-3.20"), opposite("3.20")
    ('3.20', '-3.20')
    """
    return amount[1:] if amount.startswith("-") else f"-{amount}"


def rows(text: str) -> tuple[Row, ...]:
    """Return the rows of a text: customer, order, day and amount with bars between.

    >>> rows('''
    ... Ann | 7 | 2025-01-31 | 2.50
    ... ''')
    (Row(customer='Ann', order='7', day='2025-01-31', amount='2.50'),)
    """
    return tuple(Row(*(cell.strip() for cell in line.split("|"))) for line in text.strip().splitlines())


def _headers(customer: str, order: str, day: str, amount: str, **more: str) -> dict[str, str]:
    return dict(zip(OURS, (customer, order, day, amount), strict=True)) | more


# Ten orders each, two of them with two lines. The second and the fifth are those that come to grief; each of their customers
# has others. No two amounts are alike.
TONGUES = {
    tongue.code: tongue
    for tongue in (
        Tongue(
            "en",
            _headers(
                "Customer",
                "Order No",
                "Order Date",
                "Net Amount",
                status="Status",
                type="Type",
                product="Item",
                qty="Qty",
            ),
            rows("""
Northgate Hotel | SO-20118 | 2025-01-09 | 318.40
Northgate Hotel | SO-20118 | 2025-01-09 | 42.10
Pier Seven Ltd | SO-20121 | 2025-01-14 | 1127.00
Harbour Cafe | SO-20125 | 2025-01-23 | 86.75
Northgate Hotel | SO-20131 | 2025-02-06 | 402.60
Pier Seven Ltd | SO-20136 | 2025-02-18 | 950.25
Willow & Sons | SO-20140 | 2025-03-03 | 233.00
Pier Seven Ltd | SO-20147 | 2025-03-19 | 311.90
Pier Seven Ltd | SO-20147 | 2025-03-19 | 58.30
Harbour Cafe | SO-20152 | 2025-04-08 | 91.05
Northgate Hotel | SO-20160 | 2025-05-15 | 377.45
Willow & Sons | SO-20171 | 2025-06-24 | 245.80
"""),
            "4244.60",
            ("Bath towel", "Table linen", "Soap 50 ml", "Slippers", "Bath robe"),
        ),
        Tongue(
            "zh",
            _headers(
                "客户名称",
                "订单编号",
                "下单日期",
                "金额",
                status="订单状态",
                type="单据类型",
                product="商品",
                qty="数量",
            ),
            rows("""
杭州云栖酒店 | DD250108001 | 2025-01-08 | 5860.00
杭州云栖酒店 | DD250108001 | 2025-01-08 | 1240.00
宁波海港贸易 | DD250116004 | 2025-01-16 | 32400.00
苏州锦溪茶行 | DD250122002 | 2025-01-22 | 2680.50
杭州云栖酒店 | DD250213007 | 2025-02-13 | 6120.00
宁波海港贸易 | DD250225003 | 2025-02-25 | 28350.00
绍兴老街百货 | DD250311001 | 2025-03-11 | 4415.00
宁波海港贸易 | DD250327005 | 2025-03-27 | 9730.00
宁波海港贸易 | DD250327005 | 2025-03-27 | 865.00
苏州锦溪茶行 | DD250418006 | 2025-04-18 | 2905.00
杭州云栖酒店 | DD250520002 | 2025-05-20 | 5570.00
绍兴老街百货 | DD250626009 | 2025-06-26 | 4660.00
"""),
            "104795.50",
            ("毛巾", "桌布", "香皂", "拖鞋", "浴袍"),
        ),
        Tongue(
            "de",
            _headers(
                "Kunde",
                "Auftragsnr.",
                "Auftragsdatum",
                "Nettobetrag",
                status="Status",
                type="Belegart",
                product="Artikel",
                qty="Menge",
            ),
            rows("""
Bäckerei Kern | A-70412 | 2025-01-07 | 214.60
Bäckerei Kern | A-70412 | 2025-01-07 | 37.90
Hotel Seeblick GmbH | A-70415 | 2025-01-15 | 1385.00
Gasthof Linde | A-70419 | 2025-01-28 | 129.40
Bäckerei Kern | A-70426 | 2025-02-11 | 268.75
Hotel Seeblick GmbH | A-70430 | 2025-02-26 | 1042.30
Metzgerei Vogt | A-70433 | 2025-03-13 | 356.20
Hotel Seeblick GmbH | A-70441 | 2025-03-25 | 412.00
Hotel Seeblick GmbH | A-70441 | 2025-03-25 | 73.15
Gasthof Linde | A-70450 | 2025-04-16 | 141.85
Bäckerei Kern | A-70458 | 2025-05-21 | 255.55
Metzgerei Vogt | A-70467 | 2025-06-23 | 344.70
"""),
            "4661.40",
            ("Mehl Type 550", "Backpapier", "Hefe", "Servietten", "Zucker"),
            "%d.%m.%Y",
            True,
        ),
        Tongue(
            "fr",
            _headers(
                "Client",
                "N° commande",
                "Date commande",
                "Montant HT",
                status="Statut",
                type="Type de pièce",
                product="Article",
                qty="Quantité",
            ),
            rows("""
Le Petit Zinc | CMD-3301 | 2025-01-13 | 187.20
Le Petit Zinc | CMD-3301 | 2025-01-13 | 64.80
Hôtel des Quais | CMD-3304 | 2025-01-21 | 1492.00
Maison Duval | CMD-3309 | 2025-01-30 | 153.60
Le Petit Zinc | CMD-3315 | 2025-02-14 | 219.40
Hôtel des Quais | CMD-3322 | 2025-02-27 | 1108.50
Traiteur Lemaire | CMD-3326 | 2025-03-17 | 276.00
Hôtel des Quais | CMD-3333 | 2025-03-28 | 398.70
Hôtel des Quais | CMD-3333 | 2025-03-28 | 45.90
Maison Duval | CMD-3341 | 2025-04-22 | 168.25
Le Petit Zinc | CMD-3350 | 2025-05-16 | 203.15
Traiteur Lemaire | CMD-3362 | 2025-06-19 | 291.30
"""),
            "4608.80",
            ("Nappe lin", "Verre 25 cl", "Bougie", "Torchon", "Carafe"),
            "%d/%m/%Y",
            True,
        ),
        Tongue(
            "es",
            _headers(
                "Cliente",
                "Nº pedido",
                "Fecha pedido",
                "Importe",
                status="Estado",
                type="Tipo de documento",
                product="Artículo",
                qty="Cantidad",
            ),
            rows("""
Bodegas Arana | PV-5510 | 2025-01-10 | 245.30
Bodegas Arana | PV-5510 | 2025-01-10 | 31.70
Hotel Miramar SA | PV-5513 | 2025-01-17 | 1260.00
Café Lorca | PV-5518 | 2025-01-29 | 98.40
Bodegas Arana | PV-5524 | 2025-02-12 | 287.65
Hotel Miramar SA | PV-5529 | 2025-02-24 | 1015.80
Frutas Iborra | PV-5533 | 2025-03-14 | 322.10
Hotel Miramar SA | PV-5540 | 2025-03-26 | 374.25
Hotel Miramar SA | PV-5540 | 2025-03-26 | 52.60
Café Lorca | PV-5548 | 2025-04-15 | 104.90
Bodegas Arana | PV-5557 | 2025-05-19 | 261.35
Frutas Iborra | PV-5566 | 2025-06-18 | 335.00
"""),
            "4389.05",
            ("Mantel", "Copa vino", "Vela", "Bandeja", "Jarra"),
            "%d/%m/%Y",
            True,
        ),
        Tongue(
            "pt",
            _headers(
                "Cliente",
                "Pedido",
                "Data do pedido",
                "Valor",
                status="Situação",
                type="Tipo de documento",
                product="Produto",
                qty="Quantidade",
            ),
            rows("""
Padaria Real | PED-881 | 2025-01-13 | 312.40
Padaria Real | PED-881 | 2025-01-13 | 48.60
Pousada do Cais | PED-884 | 2025-01-20 | 1575.00
Mercado Ipê | PED-889 | 2025-01-31 | 142.75
Padaria Real | PED-893 | 2025-02-17 | 296.10
Pousada do Cais | PED-898 | 2025-02-28 | 1188.20
Livraria Aurora | PED-902 | 2025-03-18 | 264.50
Pousada do Cais | PED-907 | 2025-03-31 | 421.35
Pousada do Cais | PED-907 | 2025-03-31 | 67.80
Mercado Ipê | PED-915 | 2025-04-23 | 155.00
Padaria Real | PED-921 | 2025-05-22 | 305.95
Livraria Aurora | PED-930 | 2025-06-16 | 278.25
"""),
            "5055.90",
            ("Toalha", "Copo", "Vela", "Bandeja", "Jarra"),
            "%d/%m/%Y",
            True,
        ),
        Tongue(
            "it",
            _headers(
                "Cliente",
                "N. ordine",
                "Data ordine",
                "Importo",
                status="Stato",
                type="Tipo documento",
                product="Articolo",
                qty="Quantità",
            ),
            rows("""
Trattoria da Bice | ORD-1207 | 2025-01-14 | 176.90
Trattoria da Bice | ORD-1207 | 2025-01-14 | 55.20
Albergo Lido Srl | ORD-1211 | 2025-01-22 | 1340.00
Bar Centrale | ORD-1215 | 2025-01-31 | 89.35
Trattoria da Bice | ORD-1220 | 2025-02-13 | 198.60
Albergo Lido Srl | ORD-1226 | 2025-02-25 | 1077.40
Enoteca Sarti | ORD-1230 | 2025-03-20 | 305.75
Albergo Lido Srl | ORD-1238 | 2025-03-27 | 388.10
Albergo Lido Srl | ORD-1238 | 2025-03-27 | 61.45
Bar Centrale | ORD-1244 | 2025-04-17 | 94.80
Trattoria da Bice | ORD-1251 | 2025-05-23 | 187.05
Enoteca Sarti | ORD-1260 | 2025-06-20 | 318.90
"""),
            "4293.50",
            ("Tovaglia", "Calice", "Candela", "Vassoio", "Brocca"),
            "%d/%m/%Y",
            True,
        ),
        Tongue(
            "ja",
            _headers(
                "得意先名",
                "受注番号",
                "受注日",
                "金額",
                status="ステータス",
                type="伝票区分",
                product="商品名",
                qty="数量",
            ),
            rows("""
株式会社みなと | JU-4401 | 2025-01-10 | 48200
株式会社みなと | JU-4401 | 2025-01-10 | 6300
旅館あさひ | JU-4406 | 2025-01-20 | 215000
喫茶さくら | JU-4410 | 2025-01-29 | 18750
株式会社みなと | JU-4417 | 2025-02-14 | 51400
旅館あさひ | JU-4423 | 2025-02-26 | 187600
丸山商店 | JU-4428 | 2025-03-12 | 36900
旅館あさひ | JU-4435 | 2025-03-25 | 72300
旅館あさひ | JU-4435 | 2025-03-25 | 9850
喫茶さくら | JU-4442 | 2025-04-16 | 19980
株式会社みなと | JU-4451 | 2025-05-21 | 47650
丸山商店 | JU-4463 | 2025-06-25 | 38200
"""),
            "752130.00",
            ("タオル", "湯呑", "石鹸", "浴衣", "座布団"),
        ),
        Tongue(
            "ko",
            _headers(
                "거래처명",
                "주문번호",
                "주문일자",
                "금액",
                status="주문상태",
                type="전표구분",
                product="상품명",
                qty="수량",
            ),
            rows("""
한강호텔 | OR-9102 | 2025-01-09 | 482000
한강호텔 | OR-9102 | 2025-01-09 | 63500
부산상사 | OR-9107 | 2025-01-21 | 2150000
카페봄 | OR-9111 | 2025-01-28 | 187000
한강호텔 | OR-9118 | 2025-02-13 | 514000
부산상사 | OR-9124 | 2025-02-25 | 1876000
대구식품 | OR-9129 | 2025-03-13 | 369500
부산상사 | OR-9136 | 2025-03-26 | 723000
부산상사 | OR-9136 | 2025-03-26 | 98500
카페봄 | OR-9143 | 2025-04-17 | 199800
한강호텔 | OR-9152 | 2025-05-22 | 476500
대구식품 | OR-9164 | 2025-06-24 | 382000
"""),
            "7521800.00",
            ("수건", "찻잔", "비누", "가운", "방석"),
        ),
    )
}
EN, ZH, DE, FR, ES, PT, IT, JA, KO = TONGUES.values()
