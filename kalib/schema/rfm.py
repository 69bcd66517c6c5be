"""What do scores and segments mean?"""

from __future__ import annotations

from kalib.schema.dictionary import Column, Table

COLUMNS: dict[str, Column] = {
    "r_score": Column("1 to 5", "recency score, 5 is most recent"),
    "f_score": Column("1 to 5", "frequency score, 5 is most orders"),
    "m_score": Column("1 to 5", "monetary score, 5 is most net sales"),
    "segment": Column("code", "international RFM segment"),
    "segment_8": Column("code", "Chinese eight-cell RFM segment"),
}

TABLES: dict[str, Table] = {
    "rfm": Table("customer with an order", ("customer_id",), ("r_score", "f_score", "m_score", "segment", "segment_8")),
}
