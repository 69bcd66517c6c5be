"""What is said of rows and of what was done about them?"""

from __future__ import annotations

from kalib.schema.dictionary import Column, Table

COLUMNS: dict[str, Column] = {
    "rule": Column("code", "the rule that judged the rows"),
    "action": Column("code", "what the rule did: accepted, repaired, set_aside, refused"),
    "rows": Column("count", "rows of the source"),
    "amount": Column("currency", "money of those rows, as far as it can be read"),
    "file": Column("text", "name of the source file"),
    "line": Column("count", "line of the file, the header being line 1; row number in Parquet"),
    "column": Column("text", "header of the offending column, as the file has it"),
    "value": Column("text", "the offending value, as the file has it"),
}

TABLES: dict[str, Table] = {
    "quality": Table("rule that touched a row", ("rule",), ("action", "rows", "amount")),
    "set_aside": Table("source row that is left out", ("file", "line"), ("rule", "amount")),
}
