"""What is said of an account's own rate of sales now and a year ago?"""

from __future__ import annotations

from kalib.schema.dictionary import Column

COLUMNS: dict[str, Column] = {
    "pace": Column(
        "code",
        "rising: nine in ten sure that net sales of the last 365 days grew by more than those of all compared accounts against the same months a "
        "year before; falling: as sure that they fell, and by more; both by a tenth at least once chance is taken off; else steady",
    ),
    "pace_change": Column(
        "share",
        "net sales of the last 365 days over those of the year before, less 1, drawn towards the change of the book by its noise",
    ),
    "pace_low": Column("share", "lower end of the 80 % interval of pace_change"),
    "pace_high": Column("share", "upper end of the 80 % interval of pace_change"),
    "pace_moved": Column("currency", "net sales of the last 365 days that pace_change accounts for"),
    "grew_share": Column("share", "accounts whose net sales were more than a tenth higher in the year after"),
    "held_share": Column("share", "accounts whose net sales changed by a tenth at most in the year after"),
    "fell_share": Column(
        "share", "accounts whose net sales were more than a tenth lower in the year after, or that bought nothing"
    ),
}
