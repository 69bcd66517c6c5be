"""What does the company itself say of leaving?"""

from __future__ import annotations

from kalib.schema.dictionary import Column

COLUMNS: dict[str, Column] = {
    "contract_end": Column("date", "last day of the account's contract; absent where it is open"),
    "left": Column("yes or no", "whether the account has left, as the company says"),
    "left_on": Column("date", "day on which the account left, as the company says"),
    "leaving_cause": Column("text", "why the account left, as the company wrote it"),
    "known_as": Column(
        "code",
        "why an account is known to have left and is not forecast: said_left, contract_ended; absent where it is forecast",
    ),
}
