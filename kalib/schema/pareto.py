"""What do classes and concentration mean?"""

from __future__ import annotations

from kalib.schema.dictionary import Column, Table

COLUMNS: dict[str, Column] = {}

TABLES: dict[str, Table] = {
    "pareto": Table("customer with an order", ("customer_id",), ("cumulative_share", "abc_class")),
}
