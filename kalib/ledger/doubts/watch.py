"""Which columns that nobody mapped decide what a row means? Looks at headers and at a sample of what stands in them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import duckdb

from kalib.ledger.doubts.vocabulary import closed_is_refunded, fold, header_is, is_whole_word, meaning
from kalib.ledger.source import BLANKS, Source, quote

Kind = Literal["status", "type", "debit_credit", "flag", "filled", "refund", "gross", "currency", "customer"]
SAMPLE = 4000
MOST_VALUES = 60
"""More different values in the sample, and a column is no status, type or currency."""
MOST_OF_A_KIND = 3
SIGNS = (
    frozenset({"d", "c"}), frozenset({"dr", "cr"}), frozenset({"debit", "credit"}), frozenset({"s", "h"}), frozenset({"soll", "haben"}), frozenset({"借", "贷"}),
    frozenset({"debe", "haber"}), frozenset({"debito", "credito"}), frozenset({"dare", "avere"}), frozenset({"借方", "貸方"}), frozenset({"차변", "대변"}),
    frozenset({"借方", "贷方"}), frozenset({"d", "h"}), frozenset({"蓝字", "红字"}), frozenset({"d", "a"}), frozenset({"收入", "支出"}), frozenset({"収入", "支出"}),
)  # fmt: skip
"""Pairs of words for the two sides of an account."""
MONEY_WORDS = frozenset(
    "rmb 人民币 人民幣 美元 美金 欧元 歐元 日元 日圆 港币 港元 英镑 韩元 台币 新台币 新加坡元 澳元 加元 円 ドル ユーロ 달러 유로 엔 위안 € $ £ ¥ us$ hk$ euro euros dollar dollars pound pounds yen yuan".split()
)
"""What currencies are called beside their codes."""


@dataclass(frozen=True)
class Watched:
    """A column beside the mapped ones that is looked at: its name in ``raw``, its header, and what it may be."""

    name: str
    header: str
    kind: Kind


def choose(con: duckdb.DuckDBPyConnection, sources: Sequence[Source], mapped: Mapping[str, str]) -> list[Watched]:
    """Choose the columns of the sources that are loaded beside the mapped ones.

    Parameters
    ----------
    con : connection that can scan the sources
    sources : all of a job
    mapped : ours: theirs
    """
    samples: dict[str, list[str]] = {}
    for columns, group in itertools.groupby(sources, key=lambda source: tuple(source.columns)):
        source = next(iter(group))
        names = [name for name in columns if name not in mapped.values() and name not in samples]
        if names:
            samples |= _sample(con, source, names)
    return pick(samples, mapped)


def _sample(con: duckdb.DuckDBPyConnection, source: Source, names: Sequence[str]) -> dict[str, list[str]]:
    picked = ", ".join(f"list(DISTINCT trim({quote(name)}::VARCHAR, '{BLANKS}'))" for name in names)
    inner = ", ".join(quote(name) for name in names)
    try:
        row = con.execute(
            f"SELECT {picked} FROM (SELECT {inner} FROM ({source.fast or source.scan}) LIMIT {SAMPLE})"
        ).fetchone()
    except duckdb.Error:  # said where and why when the rows are read
        return {name: [] for name in names}
    return {name: [value for value in values or () if value] for name, values in zip(names, row, strict=True)}


def pick(samples: Mapping[str, Sequence[str]], mapped: Mapping[str, str]) -> list[Watched]:
    """Pick what is to be watched, by header and by the different values of a sample.

    Examples
    --------
    A total is looked at where there is a refund beside it.

    >>> [(one.header, one.kind) for one in pick({"status": ["Cancelled", "Complete"], "Waers": ["EUR", "USD"], "note": ["a"]}, {})]
    [('status', 'status'), ('Waers', 'currency')]
    """
    found = [(header, kind) for header, values in samples.items() if (kind := _kind(header, values, mapped))]
    if not any(kind == "refund" for _, kind in found):  # a total is looked at to know what a refund was taken off
        found = [(header, kind) for header, kind in found if kind != "gross"]
    kept: list[tuple[str, Kind]] = []
    for header, kind in sorted(found, key=lambda one: not header_is(one[1], one[0])):
        if sum(kind == other for _, other in kept) < MOST_OF_A_KIND:
            kept.append((header, kind))
    kept.sort(key=lambda one: list(samples).index(one[0]))
    return [Watched(f"watched_{number}", header, kind) for number, (header, kind) in enumerate(kept)]


def _kind(header: str, values: Sequence[str], mapped: Mapping[str, str]) -> Kind | None:
    few = 0 < len(values) <= MOST_VALUES
    if header_is("refund", header) and "refund" not in mapped:
        return "refund"
    if header_is("filled", header):
        return "filled"
    if few and header_is("debit_credit", header) and are_sides(values) and not re.fullmatch(r"\w{1,2}", header.strip()):
        return "debit_credit"
    if few and header_is("flag", header):
        return "flag"
    if (
        few
        and "currency" not in mapped
        and are_currencies(values)
        and (len(values) > 1 or header_is("currency", header))
    ):
        return "currency"
    if few and header_is("status", header):
        return "status"
    if few and header_is("type", header):
        return "type"
    if header_is("customer", header) and not header_is("not_customer", header):
        return "customer"
    if few and are_sides(values) and any(len(value) > 2 or not value.isascii() for value in values):
        return "debit_credit"
    if header_is("gross", header) and values and all(re.fullmatch(r"-?[\d., ]*\d", value) for value in values):
        return "gross"
    if few and any(
        _is_word(value) and meaning(value) not in (None, "money") and is_whole_word(value) for value in values
    ):
        return "status"
    return None


def _is_word(value: str) -> bool:
    return len(value) <= 40 and len(value.split()) <= 4


def are_sides(values: Iterable[str]) -> bool:
    """Say whether values are the two sides of an account, both of them.

    >>> are_sides(["S", "H"]), are_sides(["D"]), are_sides(["借", "贷"])
    (True, False, True)
    """
    folded = frozenset(fold(value) for value in values)
    return len(folded) == 2 and any(folded == pair for pair in SIGNS)


def are_currencies(values: Iterable[str]) -> bool:
    """Say whether all values are codes or names of currencies.

    >>> are_currencies(["EUR", "usd"]), are_currencies(["人民币"]), are_currencies(["FRA", "DEU"])
    (True, True, False)
    """
    values = list(values)
    return bool(values) and all(value.upper() in _codes() or fold(value) in MONEY_WORDS for value in values)


@cache
def _codes() -> frozenset[str]:
    from babel.numbers import list_currencies

    return frozenset(list_currencies())


def speaks_of_no_sale(values: Iterable[str], *, is_type: bool) -> dict[str, str]:
    """Return the values that sound like no plain sale, and as what.

    >>> speaks_of_no_sale(["Complete", "Cancelled"], is_type=False)
    {'Cancelled': 'cancelled'}
    """
    values = [value for value in values if value]
    found = {value: said for value in values if (said := meaning(value, is_type=is_type))}
    if not is_type and closed_is_refunded(frozenset(values)):
        found |= {value: "returned" for value in values if fold(value) == "closed"}
    return found
