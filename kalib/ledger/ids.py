"""What does an id stand for? Text, always: repaired where a program bent it, refused where digits are lost, merged never."""

from __future__ import annotations

import re
from collections.abc import Sequence

import duckdb

from kalib.ledger.source import Source, quote, shown, text
from kalib.ledger.value import BLANKS, Parsed, halfwidth, is_blank, refusal, value_of
from kalib.words.told import told

REPAIRS = {"customer_id": "customer_repaired", "order_id": "order_repaired"}
MANGLED = {"customer_id": "customer_mangled", "order_id": "order_mangled", "parent_id": "customer_mangled"}
WHAT = {"customer_id": told("customer number"), "order_id": told("order number"), "parent_id": told("parent's number")}
_PLAIN = r"[0-9A-Za-z]([ -~]*[!-/1-~]|[ -\-/-~]*[!-\-/-~])?"
"""Printable ASCII that begins with a letter or digit and does not end in `.0`: nothing to repair."""
_TYPING = r"[!-~ \x{3000}\x{ff01}-\x{ff5e}]+"
"""Full-width forms and ASCII and nothing else: in a Chinese name （ and ） stay as they are."""
_POWER = r"[+-]?\d([.,]\d+)?[eE]\+\d+"
_ERROR = r"#(REF!|N/A|NV|VALUE!|WERT!|NAME\?|DIV/0!|NUM!|ZAHL!|NULL!|BEZUG!|SPILL!|CALC!|GETTING_DATA)"
"""What spreadsheets write where a formula failed: nobody's number."""
_UNSEEN = r"[\s\p{Cf}\x{00a0}\x{3000}\-\x{2010}-\x{2015}_]"
"""Blanks, hyphens, and marks without width: soft hyphens, joiners, marks of direction."""
_BLANK = "".join(sign for sign in BLANKS if sign.isspace())
_EXACT = {"DOUBLE": 2**53, "FLOAT": 2**24}
"""Up to here every whole number of the type is told from the next."""
_WHOLE = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|UUID")


def read_id(column: str, kind: str, role: str) -> Parsed:
    """Say how a raw column of ids is read.

    Text stays as it stands, leading zeros and words such as NA included, but for blanks around it; ``12340.0`` becomes
    12340, ``="00123"`` and ``'00123`` become 00123, full-width １２３Ａ becomes 123A. Blank, dashes alone, and what a spreadsheet
    writes for an error (``#REF!``), is no id.

    Parameters
    ----------
    column : of ``raw``
    kind : its DuckDB type
    role : our name of what it holds; customer_id and order_id have a rule for what is repaired

    Returns
    -------
    Parsed
        ``value`` is text; ``broken`` says customer_missing where dashes or an error stand for a customer.

    Examples
    --------
    >>> read_id("customer_id", "BIGINT", "customer_id").value
    '"customer_id"::VARCHAR'
    """
    name, value, rule = quote(column), value_of(column), text(REPAIRS.get(role, ""))
    if kind in _EXACT:
        number = f"CASE WHEN isfinite({name}) AND {name} = floor({name}) AND abs({name}) <= {_EXACT[kind]} THEN {name}::BIGINT::VARCHAR END"
        return Parsed(number, f"({name} IS NULL OR isnan({name}))", "NULL", "NULL")
    if kind.startswith("DECIMAL"):
        number = f"CASE WHEN {name} = trunc({name}) THEN trunc({name})::HUGEINT::VARCHAR END"
        return Parsed(number, f"({name} IS NULL)", "NULL", "NULL")
    if kind != "VARCHAR" and not kind.startswith("ENUM"):
        return Parsed(f"{name}::VARCHAR", f"({name} IS NULL)", "NULL", "NULL")
    name = name if kind == "VARCHAR" else f"{name}::VARCHAR"
    trim = f"trim({name}, {text(BLANKS)})"
    half = f"CASE WHEN regexp_full_match({trim}, {text(_TYPING)}) THEN trim({halfwidth(trim)}, ' ') ELSE {trim} END"
    cut = half
    for pattern in (r'^="(.*)"$', r"^'(\d[^']*)$", r"^(\d+)\.0+$"):
        cut = f"regexp_replace({cut}, {text(pattern)}, '\\1')"
    nobody = text(rf"^([-\x{{2010}}-\x{{2015}}\x{{2212}}]{{1,3}}|{_ERROR})$")
    dear = f"nullif(regexp_replace(trim({cut}, {text(BLANKS)}), {nobody}, ''), '')"
    plain = f"regexp_full_match({name}, {text(_PLAIN)})"
    blank = is_blank(column)
    broken = (
        f"CASE WHEN {value} IS NULL AND NOT ({blank}) THEN 'customer_missing' END" if role == "customer_id" else "NULL"
    )
    # blanks around an id are no repair; marks that nobody can see are, because ids that look alike become one by it
    seen = f"trim({name}, {text(_BLANK)})"
    changed = f"CASE WHEN {value} <> {name} THEN CASE WHEN {value} <> {seen} THEN {rule} END END"
    repaired = changed if role in REPAIRS else "NULL"
    return Parsed(f"CASE WHEN {plain} THEN {name} ELSE {dear} END", blank, broken, repaired)


def refuse_mangled(
    con: duckdb.DuckDBPyConnection, column: str, kind: str, sources: Sequence[Source], *, header: str | None = None
) -> None:
    """Refuse ids whose digits a program has lost, and columns that can hold no ids.

    Raises
    ------
    DataError
        customer_mangled, order_mangled: text such as ``1.23457E+11``, whole floats too large to be exact, fractions;
        column_kind: true and false, dates, lists.
    """
    name, rule, what = quote(column), MANGLED[column], WHAT[column]
    shown = f"{name}::VARCHAR"
    if kind == "VARCHAR" or kind.startswith("ENUM"):
        mangled = f"regexp_full_match({halfwidth(f'trim({shown}, {text(BLANKS)})')}, {text(_POWER)})"
        found = _first(
            con, shown, f"CASE WHEN contains({shown}, '+') OR contains({shown}, '＋') THEN {mangled} ELSE false END"
        )
        if found:
            raise refusal(
                rule,
                found,
                column,
                sources,
                told(
                    "a spreadsheet has turned the {what} into a power of ten, and its digits are lost. Export the column as "
                    "text.",
                    what=what,
                ),
                header=header,
            )
    elif kind in _EXACT or kind.startswith("DECIMAL"):
        whole = f"{name} <> trunc({name})"
        large = f" OR (isfinite({name}) AND abs({name}) > {_EXACT[kind]}) OR isinf({name})" if kind in _EXACT else ""
        found = _first(con, shown, f"{'isfinite(' + name + ') AND ' if kind in _EXACT else ''}{whole}{large}")
        if found:
            raise refusal(
                rule,
                found,
                column,
                sources,
                told(
                    "the column is of type {kind}, and this is no {what}: it has a fraction, or is too large for the type to "
                    "tell it from the next one. Write the column as text or as whole numbers.",
                    kind=kind,
                    what=what,
                ),
                header=header,
            )
    elif not _WHOLE.fullmatch(kind):
        found = _first(con, shown, f"{name} IS NOT NULL") or (sources[0].name, 1, None)
        raise refusal(
            "column_kind",
            found,
            column,
            sources,
            told(
                "the column is of type {kind}, which holds no {what}s. Map the right column, or write it as text.",
                kind=kind,
                what=what,
            ),
            header=header,
        )


def _first(con: duckdb.DuckDBPyConnection, shown: str, test: str) -> tuple | None:
    return con.execute(f"SELECT file, line, {shown} FROM raw WHERE {test} ORDER BY ALL LIMIT 1").fetchone()


def find_alike(con: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str, int, str, str]]:
    """Find customers that are written almost alike; they are never merged.

    Parameters
    ----------
    con : connection
    table : with file, line and customer_id

    Returns
    -------
    list of (rule, file, line, column, value)
        At most one of ``id_case`` (they differ only in capitals) and one of ``id_zeros`` (only in leading zeros, blanks, hyphens,
        marks that cannot be seen, or accents written as one character or as two), each with the first row of such a customer and how many pairs there are.
    """
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE ids AS SELECT DISTINCT customer_id AS id FROM {quote(table)} WHERE customer_id IS NOT NULL"
    )
    unlike = "SELECT bool_and(regexp_full_match(id, '[0-9A-Z]*')) AND min(length(id)) = max(length(id)) FROM ids"
    if con.execute(unlike).fetchone()[0] is not False:  # capitals and digits, all of one length
        return []
    bare = f"ltrim(regexp_replace(lower(nfc_normalize(id)), {text(_UNSEEN)}, '', 'g'), '0')"
    found = []
    for rule, key, test in (
        ("id_case", "lower(id)", "count(*) > 1"),
        ("id_zeros", bare, "count(DISTINCT lower(id)) > 1"),
    ):
        groups = f"SELECT list(id ORDER BY id) AS ids FROM ids WHERE {key} <> '' GROUP BY {key} HAVING {test}"
        count = con.execute(f"SELECT count(*) FROM ({groups})").fetchone()[0]
        if not count:
            continue
        file, line, ids = con.execute(
            f"WITH alike AS ({groups}), named AS (SELECT ids, unnest(ids) AS id FROM alike) "
            f"SELECT file, line, ids FROM {quote(table)} JOIN named ON customer_id = id ORDER BY file, line LIMIT 1"
        ).fetchone()
        more = f" and {count - 1:,} more" if count > 1 else ""
        found.append((rule, file, line, "customer_id", " / ".join(shown(one, 60) for one in ids[:4]) + more))
    return found
