"""What do the score and its criteria mean?"""

from __future__ import annotations

from kalib.schema.dictionary import Column, Table

COLUMNS: dict[str, Column] = {}

TABLES: dict[str, Table] = {
    "scorecard": Table("account", ("customer_id",), ("key_account_score", "key_account_rank", "is_key_account")),
}
