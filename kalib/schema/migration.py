"""What is said of who moved between two dates?"""

from __future__ import annotations

from kalib.schema.dictionary import Column, Table

COLUMNS: dict[str, Column] = {}

TABLES: dict[str, Table] = {
    "migration": Table("customer", ("customer_id",), ("tier_before", "tier_now", "reason")),
}
