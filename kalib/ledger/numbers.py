"""What does a written number say? Exactly what stands there, or nothing: no figure is ever guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import duckdb

from kalib.ledger.read import Source, quote, text
from kalib.ledger.value import BLANKS, FULL, HALF, MONEY, Parsed, is_blank, refusal, value_of
from kalib.words.told import either, told

Decimal = Literal[".", ","]
SIGNS: dict[str, tuple[str, ...]] = {
    "¥": ("CNY", "JPY"),
    "元": ("CNY", "TWD", "HKD"),
    "圆": ("CNY",),
    "人民币": ("CNY",),
    "rmb": ("CNY",),
    "円": ("JPY",),
    "$": ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "CLP", "COP", "ARS"),
    "us$": ("USD",),
    "hk$": ("HKD",),
    "nt$": ("TWD",),
    "a$": ("AUD",),
    "c$": ("CAD",),
    "s$": ("SGD",),
    "r$": ("BRL",),
    "€": ("EUR",),
    "£": ("GBP",),
    "₩": ("KRW",),
    "₹": ("INR",),
    "rs": ("INR", "PKR", "LKR"),
    "rs.": ("INR", "PKR", "LKR"),
    "₽": ("RUB",),
    "₺": ("TRY",),
    "₫": ("VND",),
    "฿": ("THB",),
    "fr.": ("CHF",),
    "sfr.": ("CHF",),
    "zł": ("PLN",),
    "kč": ("CZK",),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "kr.": ("SEK", "NOK", "DKK", "ISK"),
    "ft": ("HUF",),
    "r": ("ZAR",),
} | {
    code.lower(): (code,)
    for code in (
        "AED ARS AUD BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KRW KZT LKR MAD MXN MYR NGN NOK NZD "
        "PEN PHP PKR PLN RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR"
    ).split()
}
"""What may stand before or after money, in small letters, and the currencies that it can mean."""
_FROM = FULL + "\u2212\ufe63\u2013\u2018\u2019`\u00a0\u202f\u2007\u2009\uffe5\uffe1\uffe6"
_TO = HALF + "---'''    ¥£₩"
_CURRENCY = "(?i:" + "|".join(re.escape(sign).replace("'", "") for sign in sorted(SIGNS, key=len, reverse=True)) + ")"
_WRITTEN = rf"^(\(?)([+-]?) ?({_CURRENCY})? ?(\(?)([+-]?) ?([0-9.,](?:[0-9., ']*[0-9])?(?:[eE][+-]?[0-9]{{1,3}})?) ?({_CURRENCY})? ?(-?)(\)?)$"
"""Bracket, sign, currency, bracket, sign, the digits, currency, trailing minus, bracket: groups 1 to 9."""
_WRAPPED = r"""^(?:="(.*)"|'(\S.*))$"""
"""How spreadsheets are told that something is text."""


def read_number(column: str, kind: str, target: str, decimal: Decimal) -> Parsed:
    """Say how a raw column of numbers is read.

    Repaired are thousands separators (comma or point, blank, apostrophe; 1,23,456 too), full-width digits and other minus
    signs (``number_repaired``), (1,234.50) and 12.50- (``negative_written``), currency signs and codes (``currency_sign``).
    Decimals that the type cannot keep are rounded away and told (``number_rounded``), but not those after the tenth.
    Everything else is broken: 1.5 where the comma separates decimals, 15%, 1.2万 (rounded to be read), Dr and Cr, 12.- (which
    is no minus), a power of ten whose last digits are not written (1.5E+3), #REF!, inf, a dash, and what is too large.

    Parameters
    ----------
    column : of ``raw``
    kind : its DuckDB type
    target : the DECIMAL type to read it as
    decimal : the sign between whole and broken part, as ``find_decimal`` found it

    Returns
    -------
    Parsed

    Examples
    --------
    >>> import duckdb
    >>> cell = read_number("x", "VARCHAR", "DECIMAL(30, 10)", ".")
    >>> sql = f"SELECT {cell.value} AS value_x, {cell.repaired} FROM (SELECT '(1,234.50)' AS x)"
    >>> float(duckdb.sql(sql).fetchone()[0]), duckdb.sql(sql).fetchone()[1]
    (-1234.5, 'negative_written')
    """
    name, value = quote(column), value_of(column)
    if kind != "VARCHAR":
        return _read_typed(name, value, kind, target)
    plain = f"regexp_full_match({name}, {text(_plain(target, decimal))})"
    grouped = f"regexp_full_match({name}, {text(_plain_grouped(target, decimal))})"
    narrow = narrow_type(target)
    point = name if decimal == "." else f"replace({name}, ',', '.')"
    bare = f"replace({name}, ',', '')" if decimal == "." else f"replace(replace({name}, '.', ''), ',', '.')"
    read = (
        f"CASE WHEN {plain} THEN TRY_CAST({point} AS {narrow})::{target} WHEN {grouped} THEN TRY_CAST({bare} AS {narrow})::{target} "
        f"ELSE TRY_CAST({_exact(name, decimal)} AS {target}) END"
    )
    blank = is_blank(column)
    broken = f"CASE WHEN {value} IS NULL AND NOT ({blank}) THEN 'number_unreadable' END"
    signs, currency, _ = _parts("n")
    ungrouped = rf"[+-]?(\d+\{decimal}?\d*|\{decimal}\d+)([eE][+-]?\d+)?"
    kinds = (
        f"CASE WHEN {currency} <> '' AND {currency} <> n THEN 'currency_sign' WHEN {signs} = '()' OR n LIKE '%-' THEN 'negative_written' "
        f"WHEN NOT regexp_full_match(trim({name}, {text(BLANKS)}), {text(ungrouped)}) THEN 'number_repaired' END"
    )
    rounded = f"CASE WHEN {_exact(name, decimal)} <> {value} THEN 'number_rounded' END"
    repaired = (
        f"CASE WHEN {value} IS NULL OR {plain} THEN NULL WHEN {grouped} THEN 'number_repaired' "
        f"ELSE coalesce({rounded}, {_with_neat(name, kinds)}) END"
    )
    return Parsed(read, blank, broken, repaired)


def read_share(column: str, kind: str, decimal: Decimal) -> Parsed:
    """Say how a raw column of shares, such as a discount, is read: 0.15 and 15% are 0.15; above 1 or below 0 is broken.

    Examples
    --------
    >>> import duckdb
    >>> float(duckdb.sql(f"SELECT {read_share('x', 'VARCHAR', '.').value} FROM (SELECT '15%' AS x)").fetchone()[0])
    0.15
    """
    name, value = quote(column), value_of(column)
    whole = read_number(column, kind, MONEY, decimal)
    read = whole.value
    if kind == "VARCHAR":
        share = rf"\d{{1,3}}(\{decimal}\d{{1,6}})? ?%"
        digits = "replace(rtrim(n, ' %'), ',', '.')"
        percent = _with_neat(  # once, or DuckDB makes it for every row, percent or not
            name,
            f"CASE WHEN regexp_full_match(n, {text(share)}) THEN (TRY_CAST({digits} AS DECIMAL(18, 8)) / 100)::{MONEY} END",
        )
        read = f"coalesce({read}, {percent})"
    blank = is_blank(column) if kind == "VARCHAR" else whole.blank
    within = f"CASE WHEN ({read}) BETWEEN 0 AND 1 THEN {read} END"
    return Parsed(within, blank, f"CASE WHEN {value} IS NULL AND NOT ({blank}) THEN 'number_unreadable' END", "NULL")


def _read_typed(name: str, value: str, kind: str, target: str) -> Parsed:
    is_float = kind in ("DOUBLE", "FLOAT")
    blank = f"({name} IS NULL OR isnan({name}))" if is_float else f"({name} IS NULL)"
    is_number = is_float or re.match(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|DECIMAL", kind)
    if not is_number:
        return Parsed(f"NULL::{target}", blank, f"CASE WHEN NOT {blank} THEN 'number_unreadable' END", "NULL")
    read = _shortest if is_float else _cast
    exact = read(name, MONEY)
    rounded = (
        f"CASE WHEN {value} <> {exact} THEN 'number_rounded' END" if target != MONEY and "INT" not in kind else "NULL"
    )
    broken = f"CASE WHEN {value} IS NULL AND NOT {blank} THEN 'number_unreadable' END"
    return Parsed(read(name, target), blank, broken, rounded)


def _cast(name: str, target: str) -> str:
    return f"TRY_CAST({name} AS {target})"


def _shortest(name: str, target: str) -> str:
    """Return SQL for the decimal that a float's shortest writing says: 1234567.89, and not 1234567.8899999998."""
    number = f"{name}::DOUBLE"
    whole = f"CAST(round({number} * 10000) AS BIGINT)::DECIMAL(18, 0) * 0.0001::DECIMAL(5, 4)"
    short = f"abs({number}) < 1e11 AND {number} = round({number}, 4)"
    return f"CASE WHEN {short} THEN TRY_CAST({whole} AS {target}) ELSE TRY_CAST({name}::VARCHAR AS {target}) END"


def _size(target: str) -> tuple[int, int]:
    width, scale = re.fullmatch(r"DECIMAL\((\d+), ?(\d+)\)", target).groups()
    return int(width), int(scale)


def narrow_type(target: str) -> str:
    """Return a type of 18 digits: text is read as it in a hundredth of the time that a wider one takes."""
    return f"DECIMAL(18, {min(_size(target)[1], 6)})"


def _short(target: str) -> tuple[int, int]:
    """Return how many digits before and after the decimal sign fit both the target and the narrow type."""
    width, scale = _size(target)
    after = min(scale, 6)
    return min(18 - after, width - scale), after


def plain_pattern(target: str, *, usual: bool) -> str:
    """Return a pattern of numbers that are read as they stand where the point is the decimal sign; usual ones prove that it is."""
    return rf"-?\d{{1,{_short(target)[0]}}}(\.\d\d?)?" if usual else _plain(target, ".")


def _plain(target: str, decimal: Decimal) -> str:
    before, after = _short(target)
    return rf"-?\d{{1,{before}}}(\{decimal}\d{{1,{after}}})?"


def _plain_grouped(target: str, decimal: Decimal) -> str:
    before, after = _short(target)
    return rf"-?[1-9]\d{{0,2}}(\{_other(decimal)}\d{{3}}){{1,{before // 3 - 1}}}(\{decimal}\d{{1,{after}}})?"


def _other(decimal: Decimal) -> Decimal:
    return "," if decimal == "." else "."


def _core(decimal: Decimal) -> str:
    """Return a pattern of the unsigned digits of a number: groups of three, of one kind, from the first to the last."""
    point, comma = f"\\{decimal}", f"\\{_other(decimal)}"
    groups = "|".join(rf"[1-9]\d{{0,2}}(?:{sign}\d{{3}})+" for sign in (comma, " ", "'"))
    lakhs = rf"[1-9]\d?(?:{comma}\d\d)+{comma}\d{{3}}"
    return rf"(?:{groups}|{lakhs}|\d+)(?:{point}\d+)?|{point}\d+|{_powers(decimal)}"


def _powers(decimal: Decimal) -> str:
    """Return a pattern of powers of ten that have lost no digit.

    Every digit before the decimal point is written (1.2345E+2), the power is negative, or it is a program's whole
    notation, which has neither plus nor leading zero (1.5E7); spreadsheets write 1.5E+07 for 15,012,345 too.
    """
    point = f"\\{decimal}"
    written = "|".join(rf"\d{point}\d{{{n},}}[eE]\+?0?{n}" for n in range(1, 16))
    return rf"\d+(?:{point}\d+)?[eE](?:-\d{{1,2}}|[+-]?0+)|{written}|[1-9]{point}\d+E[1-9]\d?"


def _neat(name: str) -> str:
    """Return SQL for a written number with ASCII digits, signs and blanks, out of a spreadsheet's wrapping."""
    plain = f"translate(trim({name}, {text(BLANKS)}), {text(_FROM)}, {text(_TO)})"
    return rf"regexp_replace({plain}, {text(_WRAPPED)}, '\1\2')"


def _with_neat(name: str, expression: str) -> str:
    """Return SQL that computes ``expression`` with ``n`` as the neat number, which is made once."""
    return f"list_transform([{_neat(name)}], lambda n: {expression})[1]"


def _parts(neat: str) -> tuple[str, str, str]:
    """Return SQL for the signs, the currency and the digits of a neat number; each is the whole text where it is none."""
    pattern = text(_WRITTEN)
    return (
        rf"regexp_replace({neat}, {pattern}, '\1\2\4\5\8\9')",
        rf"lower(regexp_replace({neat}, {pattern}, '\3\7'))",
        rf"regexp_replace({neat}, {pattern}, '\6')",
    )


def _exact(name: str, decimal: Decimal) -> str:
    """Return SQL for the number in a text, with ten decimals."""
    signs, currency, core = _parts("n")
    known = ", ".join(text(sign) for sign in ("", *SIGNS))
    digits = rf"replace(translate(c, {text(_other(decimal) + ' ' + chr(39))}, ''), ',', '.')"
    number = f"list_transform([{core}], lambda c: CASE WHEN regexp_full_match(c, {text(_core(decimal))}) THEN TRY_CAST({digits} AS {MONEY}) END)[1]"
    ending = rf"n SIMILAR TO {text(rf'[+-]?[0-9]+[{decimal}]')}"
    read = (
        f"CASE WHEN {ending} THEN TRY_CAST(replace(n, ',', '.') AS {MONEY}) WHEN {currency} NOT IN ({known}) THEN NULL "
        f"WHEN {signs} IN ('', '+') THEN {number} WHEN {signs} IN ('-', '()') THEN -({number}) END"
    )
    return _with_neat(name, read)


# ------------------------------------------------------------------------------------------ the column as a whole

_USUAL = r"-?\d+(\.\d\d?)?"
"""What needs no second look: whole numbers, and one or two decimals after a point."""


def check_columns(
    con: duckdb.DuckDBPyConnection,
    columns: Sequence[str],
    declared: Decimal | None,
    currency: str,
    sources: Sequence[Source],
    *,
    headers: Mapping[str, str] | None = None,
) -> tuple[Decimal, list[tuple[str, str, int, str, str]]]:
    """Find the decimal sign and refuse strange currency signs, as ``find_decimal`` and ``refuse_signs`` do, in one look.

    Raises
    ------
    DataError
        number_ambiguous, currency_mixed.
    """
    if _are_usual(con, columns):
        return declared or ".", []
    decimal, found = find_decimal(con, columns, declared, sources, headers=headers)
    refuse_signs(con, columns, currency, sources, headers=headers)
    return decimal, found


def _are_usual(con: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> bool:
    usual = " AND ".join(f"coalesce(regexp_full_match({quote(name)}, {text(_USUAL)}), true)" for name in columns)
    return not columns or con.execute(f"SELECT coalesce(bool_and({usual}), true) FROM raw").fetchone()[0]


def _all_have_points(con: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> bool:
    """Say whether no number has a sign but a minus and one point, and in every file a number such as 12.50 speaks for it."""
    plain = " AND ".join(rf"coalesce(regexp_full_match({quote(name)}, '-?\d+(\.\d+)?'), true)" for name in columns)
    if not con.execute(f"SELECT coalesce(bool_and({plain}), true) FROM raw").fetchone()[0]:
        return False
    speaks = " OR ".join(rf"bool_or(regexp_matches({quote(name)}, '\.\d\d?$'))" for name in columns)
    files = con.execute(f"SELECT coalesce({speaks}, false) FROM raw GROUP BY file").fetchall()
    return all(is_spoken for (is_spoken,) in files)


def find_decimal(
    con: duckdb.DuckDBPyConnection,
    columns: Sequence[str],
    declared: Decimal | None,
    sources: Sequence[Source],
    *,
    headers: Mapping[str, str] | None = None,
) -> tuple[Decimal, list[tuple[str, str, int, str, str]]]:
    """Find the sign between whole and broken part of the numbers of a source.

    What is declared counts. Else 1,5 and 1.234,5 and 1.234.567 and 0,500 speak for the comma, 1.5 and 1,234.5 and
    1,234,567 and 0.500 for the point, as does 17,600円; 1,234 and 1.234 are believed only in a file that has other numbers which speak.

    Parameters
    ----------
    con : connection with ``raw``
    columns : of ``raw``, that hold numbers as text
    declared : what the job says
    sources : to name the file
    headers : what the files call the columns

    Returns
    -------
    sign : ``.`` where no number has a broken part
    found : ``decimal_comma`` with file, line, column and value, where it was found by evidence

    Raises
    ------
    DataError
        number_ambiguous: numbers that speak for the one and others that speak for the other, or nothing but 1,234.
    """
    if declared or _are_usual(con, columns) or _all_have_points(con, columns):
        return declared or ".", []
    tallies = _tally(con, columns)
    ours = {kind: [row for row in tallies if row[0] == kind] for kind in (".", ",", "either")}
    headers = headers or {}
    if ours["."] and ours[","]:
        rarer, commoner = sorted((".", ","), key=lambda kind: (sum(row[2] for row in ours[kind]), kind == "."))
        found, other = ours[rarer][0], ours[commoner][0]
        count = sum(row[2] for row in ours[commoner])
        raise refusal(
            "number_ambiguous",
            (found[1], found[3], found[5]),
            found[4],
            sources,
            told(
                "this can only be read with a decimal {rarer}, but {count:,} others, such as {value!r} in line {line} of "
                '{file}, only with a decimal {commoner}. Say which is right: `read: {{decimal: "{sign}"}}`; what does '
                "not fit is then set aside.",
                rarer=_NAMES[rarer],
                count=count,
                value=other[5],
                line=other[3],
                file=other[1],
                commoner=_NAMES[commoner],
                sign=commoner,
            ),
            header=headers.get(found[4]),
        )
    speaking = {row[1] for row in ours["."] + ours[","]}
    silent = [row for row in ours["either"] if row[1] not in speaking and not _COMMA_GROUPS.search(row[5])]
    if silent:
        found = silent[0]
        raise refusal(
            "number_ambiguous",
            (found[1], found[3], found[5]),
            found[4],
            sources,
            told(
                "with a decimal point this is another number than with a decimal comma, a thousand times larger or "
                'smaller, and no other number of the file tells which it is. Say `read: {{decimal: "."}}` or `read: '
                '{{decimal: ","}}`.'
            ),
            header=headers.get(found[4]),
        )
    if ours[","]:
        _, file, _, line, column, value = ours[","][0]
        return ",", [("decimal_comma", file, line, column, value)]
    return ".", []


_COMMA_GROUPS = re.compile(r"(?i)^[^.]*(?:[円원圆元₩¥￥]|JPY|KRW|CNY|RMB)[^.]*$")
"""Money of East Asia, where a comma is never the decimal sign: 17,600円 is read in one way only."""
_NAMES = {".": told("point"), ",": told("comma")}


def _tally(con: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> list[tuple[str, str, int, int, str, str]]:
    """Return what the numbers speak for: kind, file, how many, and line, column and value of the first, in order."""
    _, currency, core = _parts("n")
    known = ", ".join(text(sign) for sign in ("", *SIGNS))
    point, comma = (f"regexp_full_match(c, {text(_core(sign))})" for sign in (".", ","))
    sides = f"CASE WHEN NOT regexp_matches(c, '[.,]') THEN NULL WHEN {point} AND {comma} THEN 'either' WHEN {point} THEN '.' WHEN {comma} THEN ',' END"
    said = _with_neat(
        "value", f"CASE WHEN {currency} IN ({known}) THEN list_transform([{core}], lambda c: {sides})[1] END"
    )
    # one CASE, because DuckDB puts the parts of an AND in an order of its own, and only the first tests are cheap
    cheap = (
        r"CASE WHEN regexp_full_match(value, '-?\d+(\.\d\d?)?') THEN CASE WHEN contains(value, '.') THEN '.' END "
        "WHEN regexp_matches(value, '[.,．，]') THEN 'odd' END"
    )
    seen = f"SELECT * FROM (SELECT *, {cheap} AS cheap FROM ({_stack(columns)})) WHERE cheap IS NOT NULL"
    rows = con.execute(  # each way of writing what is odd is looked at once
        f"WITH odd AS MATERIALIZED (SELECT value, {said} AS said FROM (SELECT DISTINCT value FROM ({seen}) WHERE cheap = 'odd')) "
        "SELECT kind, file, count(*)::BIGINT, arg_min({line: line, ours: ours, value: value}, (line, nth)) AS first FROM "
        f"(SELECT seen.*, CASE WHEN cheap = 'odd' THEN odd.said ELSE cheap END AS kind FROM ({seen}) AS seen "
        "LEFT JOIN odd ON seen.value = odd.value) WHERE kind IS NOT NULL GROUP BY kind, file ORDER BY kind, file"
    ).fetchall()
    return [(kind, file, count, first["line"], first["ours"], first["value"]) for kind, file, count, first in rows]


def _stack(columns: Sequence[str], *more: str) -> str:
    """Return SQL for the columns of ``raw`` one below the other: file, line, nth, ours, value, and what else is asked for."""
    also = "".join(f", {one}" for one in more)
    return " UNION ALL ".join(
        f"SELECT file, line, {nth} AS nth, {text(name)} AS ours, {quote(name)} AS value{also} FROM raw"
        for nth, name in enumerate(columns)
    )


def refuse_signs(
    con: duckdb.DuckDBPyConnection,
    columns: Sequence[str],
    currency: str,
    sources: Sequence[Source],
    *,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Refuse money whose currency sign is not the job's, or several signs that cannot be one currency.

    Parameters
    ----------
    con : connection with ``raw``; where it has a column ``currency``, that says what the money of a row is in
    columns : of ``raw``, that hold money as text
    currency : the job's; XXX where it says none
    sources, headers : to name the file and its column

    Raises
    ------
    DataError
        currency_mixed.
    """
    _, sign, _ = _parts("n")
    known = ", ".join(text(one) for one in SIGNS)
    if not columns:
        return
    odd = f"CASE WHEN regexp_matches(value, '[^0-9 .,-]') THEN {_with_neat('value', sign)} END"
    found = con.execute(
        "SELECT sign, own, count(*), arg_min({file: file, line: line, ours: ours, value: value}, (file, line, nth)) AS first "
        f"FROM (SELECT *, {odd} AS sign FROM ({_stack(columns, f'{_own_currency(con)} AS own')})) WHERE sign IN ({known}) "
        "GROUP BY sign, own ORDER BY count(*) DESC, first"
    ).fetchall()
    headers = headers or {}
    possible = None if currency == "XXX" else {currency}
    for written, own, _, first in found:
        means = set(SIGNS[written])
        wanted = {own} if own else possible
        if wanted is None or means & wanted:
            if not own:
                possible = means & wanted if wanted else means
            continue
        other = own or ("/".join(sorted(wanted)) if currency == "XXX" else currency)
        raise refusal(
            "currency_mixed",
            (first["file"], first["line"], first["value"]),
            first["ours"],
            sources,
            told(
                "this is money in {means}, and the rest is in {other}. Correct `currency:`, convert the source to one "
                "currency, or map a column `currency` and say `rates:`.",
                means=either(sorted(means)),
                other=other,
            ),
            header=headers.get(first["ours"]),
        )


def _own_currency(con: duckdb.DuckDBPyConnection) -> str:
    names = {row[0] for row in con.execute("DESCRIBE raw").fetchall()}
    return f"nullif(upper(trim(currency, {text(BLANKS)})), '')" if "currency" in names else "NULL::VARCHAR"
