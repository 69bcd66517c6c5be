"""Does a word of an export mean what its office means, in nine languages, and is what only looks alike left alone?"""

from __future__ import annotations

import pytest

from kalib.ledger.doubts.vocabulary import find_unit, is_nobody, meaning, source_meaning

SAID = {
    "cancelled": "Cancelled, VOIDED, Storniert, Annulée, Cancelado, Anulado, Annullato, 已取消, 交易关闭, キャンセル済み, 주문취소",
    "returned": "Refunded, partially_refunded, Returned, Retoure, Gutschrift, Remboursé, Devuelto, Devolvido, Reso, 退款成功, 返品, 환불완료",
    "open": "Draft, Quotation, Pending payment, On Hold, Angebot, Devis, Pendiente, Bozza, 待付款, 見積, 결제대기",
    "disputed": "Disputed, En litige, 维权中",
}
PLAIN = (
    "Complete, Shipped, paid, Versandt, Abgeschlossen, Livrée, Entregado, Concluído, Consegnato, 交易成功, 已发货, 完了, 배송완료, "
    "not cancelled, Nicht storniert, Non annulée, 未退款, 无售后, 退款关闭, Returning customer, Credit card, Carte de crédit, Avoidable"
)


@pytest.mark.parametrize(
    ("value", "wanted"), [(word, name) for name, words in SAID.items() for word in words.split(", ")]
)
def test_what_is_no_plain_sale(value: str, wanted: str) -> None:
    assert meaning(value) == wanted


@pytest.mark.parametrize("value", PLAIN.split(", "))
def test_what_is_a_plain_sale(value: str) -> None:
    assert meaning(value) is None


def test_codes_mean_something_in_a_column_of_types_only() -> None:
    assert [meaning(code, is_type=True) for code in ("RE", "G2", "S1", "QT", "F2", "OR")] == [
        "returned",
        "returned",
        "cancelled",
        "open",
        None,
        None,
    ]
    assert meaning("RE") is None


def test_names_of_sources() -> None:
    assert [source_meaning(name) for name in ("Retouren 2024", "退货", "Devoluciones", "返品")] == ["returns"] * 4
    assert [source_meaning(name) for name in ("Budget", "2025计划", "Orçamento", "予算")] == ["plan"] * 4
    assert [source_meaning(name) for name in ("Sales 2024", "Plano Alto", "Tabelle1", "Planet")] == [
        None,
        "plan",
        None,
        None,
    ]


def test_nobody_and_somebody() -> None:
    assert all(
        map(
            is_nobody,
            ("Walk-In Customer", "CASH SALES", "Laufkundschaft", "Cliente contado", "散客", "一般客", "비회원"),
        )
    )
    assert not any(map(is_nobody, ("Cash Converters", "Passage Ltd", "散客多贸易公司", "Guest & Sons")))


@pytest.mark.parametrize(
    ("header", "unit"),
    [("金额(万元)", 10_000), ("Betrag (TEUR)", 1000), ("Sales in millions", 1_000_000), ("amount_cents", -100), ("Amount EUR", None), ("Weight (kg)", None)],
)  # fmt: skip
def test_units_of_a_header(header: str, unit: int | None) -> None:
    assert find_unit(header) == unit
