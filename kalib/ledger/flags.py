"""Does a value say yes or no? In words of nine languages, as a tick or as a number; anything else is neither."""

from __future__ import annotations

from kalib.ledger.source import text
from kalib.ledger.value import Parsed, halfwidth, trimmed, value_of
from kalib.words.told import told

YES = (
    *("yes", "y", "true", "t", "on", "1", "1.0", "x", "✓", "✔", "√", "☑", "○", "〇", "◯"),
    *("ja", "j", "wahr", "oui", "o", "vrai", "sí", "si", "sì", "s", "verdadero", "vero", "sim", "verdadeiro"),
    *("是", "有", "真", "对", "對", "はい", "あり", "예", "네", "있음", "참"),
)
NO = (
    *("no", "n", "false", "f", "off", "0", "0.0", "-", "–", "—", "✗", "✘", "✖", "☐", "×"),
    *("nein", "falsch", "non", "faux", "falso", "não", "nao"),
    *("否", "无", "無", "假", "不", "不是", "没有", "いいえ", "なし", "아니오", "아니요", "없음", "거짓"),
)
"""How yes and no are written, capitals aside."""

SAID = told(
    "yes and no, y and n, true and false, 1 and 0, a tick, and yes and no in German, French, Spanish, Portuguese, Italian, "
    "Chinese, Japanese and Korean"
)
"""What is read, for messages."""


def read_flag(column: str, kind: str) -> Parsed:
    """Say how a raw column of yes and no is read.

    Parameters
    ----------
    column : of ``raw``
    kind : its DuckDB type

    Returns
    -------
    Parsed
        ``value`` is a BOOLEAN; broken (``value_unreadable``) is what is neither yes nor no.

    Examples
    --------
    >>> import duckdb
    >>> rows = "(VALUES ('Yes'), ('否'), ('perhaps'), (' ')) AS rows(gone)"
    >>> duckdb.sql(f"SELECT {read_flag('gone', 'VARCHAR').value} FROM {rows}").fetchall()
    [(True,), (False,), (None,), (None,)]
    """
    said = f"lower({halfwidth(trimmed(column))})"
    yes, no = (", ".join(text(word) for word in words) for words in (YES, NO))
    value = f"CASE WHEN {said} IN ({yes}) THEN true WHEN {said} IN ({no}) THEN false END"
    blank = f"coalesce({said}, '') = ''"
    broken = f"CASE WHEN NOT ({blank}) AND {value_of(column)} IS NULL THEN 'value_unreadable' END"
    return Parsed(value, blank, broken, "NULL")
