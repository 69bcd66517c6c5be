"""Names of columns in nine languages: what is known, and what must not be taken for another thing."""

from __future__ import annotations

import re

import pytest

from kalib.ledger.headers import LANGUAGES, NAMES, PARTS, are_chinese, find_same, fits_in_part, fits_whole, fold_name
from kalib.settings import Columns

OURS = (
    "customer_id",
    "order_id",
    "order_date",
    "product",
    "quantity",
    "unit_price",
    "amount",
    "discount",
    "currency",
    "due_date",
)
EXPORTS = {
    "de": "Kunden-Nr.;Auftragsnummer;Auftragsdatum;Artikelnummer;Menge;Einzelpreis;Nettobetrag;Rabatt;Währung;Fälligkeitsdatum",
    "de, umlauts spelt out": "Kundennummer;Beleg-Nr;Belegdatum;Artikel;Stueckzahl;Stückpreis;Umsatzerlöse;Nachlass;Waehrung;Faelligkeit",
    "fr": "N° client;N° de commande;Date de commande;Réf. article;Quantité;Prix unitaire HT;Montant HT;Remise;Devise;Date d'échéance",
    "fr, short": "Code client;Facture;Date facture;Code produit;Qté;PU;Total HT;Taux de remise;Devise;Échéance",
    "es": "Nº cliente;Nº pedido;Fecha de pedido;Código de producto;Cantidad;Precio unitario;Importe;Descuento;Moneda;Fecha de vencimiento",
    "es, invoices": "Código cliente;Factura;Fecha factura;Referencia;Unidades;Precio;Importe neto;Dto.;Divisa;Vencimiento",
    "ja": "得意先コード;受注番号;受注日;商品コード;数量;単価;売上金額;値引額;通貨;支払期日",
    "ja, shop": "顧客ID;注文番号;注文日時;品番;個数;販売価格;合計金額;割引;通貨コード;支払期限",
    "ko": "고객번호;주문번호;주문일자;상품코드;수량;단가;판매금액;할인액;통화;결제기한",
    "ko, ledger": "거래처코드;전표번호;거래일자;품목코드;판매수량;판매단가;매출액;할인;통화;만기일",
    "pt": "Código do cliente;Número do pedido;Data do pedido;Cód. produto;Quantidade;Preço unitário;Valor líquido;Desconto;Moeda;Data de vencimento",
    "pt, invoices": "Nº cliente;Nota fiscal;Data de emissão;Artigo;Qtde;Preço de venda;Faturamento;Valor do desconto;Divisa;Vencimento",
    "it": "Codice cliente;N. ordine;Data ordine;Codice articolo;Quantità;Prezzo unitario;Importo netto;Sconto;Valuta;Data scadenza",
    "it, invoices": "Cod. cliente;Fattura;Data fattura;Prodotto;Q.tà;Prezzo di vendita;Totale riga;Sconto %;Codice valuta;Scadenza",
    "zh, traditional": "客戶編號;訂單編號;訂單日期;商品編號;數量;單價;銷售額;折扣;幣種;到期日",
}  # fmt: skip


def roles(header: str) -> set[str]:
    return {role for role, tiers in NAMES.items() if any(fits_whole(role, tier, header) for tier in range(len(tiers)))}


@pytest.mark.parametrize("language", EXPORTS)
def test_the_headers_of_an_export_are_known_each_for_one_column(language):
    assert [roles(header) for header in EXPORTS[language].split(";")] == [{ours} for ours in OURS]


def test_every_column_has_a_name_in_every_language():
    assert set(NAMES) == set(Columns.model_fields)
    for tiers in NAMES.values():
        for tier in tiers:
            assert tuple(tier) == LANGUAGES
    for parts in PARTS.values():
        assert tuple(parts) == LANGUAGES


def test_patterns_are_written_as_headers_are_folded():
    """A pattern with an accent, a capital or a blank could never be met."""
    for tiers in NAMES.values():
        for pattern in (pattern for tier in tiers for pattern in tier.values()):
            literal = re.sub(r"[()|?*+$.\[\]]", "", pattern)
            assert fold_name(literal) == literal


def test_no_name_stands_for_two_columns_by_whole_names():
    words = [
        "数量",
        "金额",
        "Date",
        "Total",
        "Summe",
        "合計",
        "합계",
        "Referencia",
        "Désignation",
        "품목",
        "Prix d'achat",
        "Umsatz",
    ]
    assert all(len(roles(word)) == 1 for word in words)


@pytest.mark.parametrize(
    "header",
    ["VAT amount", "Montant TVA", "Importe IVA", "MwSt-Betrag", "消費税金額", "세금 금액", "税额金额", "Discount amount of line", "Amount paid so far"],
)  # fmt: skip
def test_a_part_of_the_name_does_not_make_tax_or_payments_an_amount(header):
    assert not fits_in_part("amount", header)


@pytest.mark.parametrize(
    "header",
    ["Order delivery date", "Date de livraison commande", "订单发货日期", "Rechnung Fälligkeit Datum", "注文品出荷日"],
)
def test_a_part_of_the_name_does_not_make_a_delivery_an_order_date(header):
    assert not fits_in_part("order_date", header)


@pytest.mark.parametrize(
    "header", ["Nombre", "Name des Produkts", "Telefon", "Saldo", "Linea", "备注", "電話番号", "주소", "Notes", "Ort"]
)
def test_strangers_stay_strangers(header):
    assert not roles(header) - {"product"}


@pytest.mark.parametrize(
    ("headers", "chinese"),
    [
        (["客户编号", "数量"], True),
        (["客戶編號", "金額"], True),
        (["備考", "顧客番号", "数量"], False),
        (["備註"], True),
        (["メモ", "備考"], False),
        (["고객", "수량"], False),
        (["Kunde"], False),
    ],
)
def test_chinese_is_told_from_japanese(headers, chinese):
    assert are_chinese(headers) is chinese


@pytest.mark.parametrize(
    ("role", "headers"),
    [
        ("order_status", "Status;Financial Status;订单状态;退款状态;Auftragsstatus;Statut de la commande;Estado del pedido;ステータス;주문상태;Situação;Stato ordine"),
        ("refund", "Refunded Amount;Amount Refunded;退款金额;已退款金额;Erstattungsbetrag;Montant remboursé;Importe reembolsado;返金額;환불금액;Valor reembolsado;Importo rimborsato"),
        ("order_date", "Data da venda;Data documento;Data"),
        ("paid_date", "Data de pagamento;Data pagamento"),
        ("order_type", "Tipo de documento;Tipo ordine"),
        ("cost", "Custo total;Costo"),
        ("category", "Categoria;Famiglia"),
    ],
)  # fmt: skip
def test_each_of_these_names_one_column(role, headers):
    assert {header: roles(header) for header in headers.split(";")} == {header: {role} for header in headers.split(";")}


@pytest.mark.parametrize(
    ("wanted", "titles", "found"),
    [
        ("Order Date", ["Order Date", "ORDER DATE"], "Order Date"),
        ("Order Date", ["order_date"], None),
        ("Order Date", ["ORDER DATE", "order date"], None),
        ("Order Date", [" order\u00a0date\n"], " order\u00a0date\n"),
        ("金额（元）", ["金 额(元)"], "金 额(元)"),
        ("a", [" a ", "A"], " a "),
    ],
)
def test_a_header_in_another_case_width_or_with_blanks_is_the_same(wanted, titles, found):
    assert find_same(wanted, titles) == found
