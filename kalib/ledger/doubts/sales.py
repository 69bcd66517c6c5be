"""Which rows are sales? Doubts about statuses, types, debit and credit, refunds beside the amount, and signs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ibis.expr.types import BooleanValue, Value

from kalib.ledger.doubts.doubt import Doubt, Reading, as_is, in_yaml
from kalib.ledger.doubts.scene import Scene
from kalib.ledger.doubts.vocabulary import TRUE, fold, header_is
from kalib.ledger.doubts.watch import SIGNS, Watched, speaks_of_no_sale
from kalib.ledger.quality import is_of_status
from kalib.words.told import Told, told

LEAST_ROWS = 10
CENT, PROVEN = 0.011, 0.95
"""Amount and refund add up to the total within a cent, in so many of the rows with a refund: the amount is what was kept."""
NEGATIVE_SHARE = 0.75
"""So many rows below zero, and more money than above it, and the sign is doubted: returns are never the rule."""
_CREDIT = frozenset("c cr credit h haben 贷 haber credito avere 贷方 貸方 대변 红字 a 支出".split())
_CODE = re.compile(r"\d{1,3}|[A-Za-z]")
MOST_CODES = 4
"""So many codes are shown with what the money would be without each."""
_PARTLY = ("partial", "partly", "teil", "partiel", "parcial", "parzial", "部分", "一部", "부분")


def find_no_sales(scene: Scene) -> Iterator[Doubt]:
    """Doubt values of statuses, types and marks that sound like no plain sale, with money above zero."""
    covered: list[tuple[str, frozenset[str]]] = []
    for column, header, kind, known in _columns(scene):
        found = _suspects(scene, column, kind, known)
        if not found or _is_covered(scene, column, found, covered):
            continue
        covered.append((column, frozenset(found)))
        yield from _doubt_values(scene, column, header, kind, found)


def _columns(scene: Scene) -> Iterator[tuple[str, str, str, Sequence[str]]]:
    """Yield what says of a row whether it is a sale: the column, its header, its kind, and the values that the job settled."""
    read, mapped = scene.job.read, scene.job.columns.mapped
    if "order_status" in scene.facets:
        yield (
            "order_status",
            mapped["order_status"],
            "status",
            [*read.left_out_statuses, *read.return_statuses, *read.sale_statuses],
        )
    if "order_type" in scene.facets:
        yield "order_type", mapped["order_type"], "type", [*read.left_out_types, *read.return_types, *read.sale_types]
    for kind in ("status", "type", "flag", "filled"):
        for one in scene.columns(kind):
            yield one.name, one.header, kind, ()


def _suspects(scene: Scene, column: str, kind: str, known: Sequence[str]) -> dict[str, str]:
    """Return the values in doubt that have money above zero, and what they sound like; payments with any money."""
    profile = scene.profile
    values = profile.loc[profile[column].notna(), column].unique().tolist()
    if kind == "filled":
        found = dict.fromkeys(values, "cancelled")
    elif kind == "flag":
        found = {value: "cancelled" for value in values if TRUE.fullmatch(fold(value))}
    else:
        found = speaks_of_no_sale(values, is_type=kind == "type")
    money = profile[profile["is_positive"]].groupby(column)["money"].sum() if found else {}
    other = profile[~profile["is_positive"]].groupby(column)["money"].sum() if found else {}
    sold = profile.loc[profile["is_positive"], "money"].sum()
    for usual in ("money", "open"):  # where most are payments, or wait for one, these are the sales
        if 2 * sum(money.get(value, 0) for value, said in found.items() if said == usual) > sold:
            found = {value: said for value, said in found.items() if said != usual}
    return {
        value: said
        for value, said in found.items()
        if value not in known
        and "*" not in known
        and (money.get(value, 0) > 0 or (said == "money" and other.get(value, 0) < 0))
    }


def find_codes(scene: Scene) -> Iterator[Doubt]:
    """Doubt a status that is a bare number: nobody but its owner knows which of them is a cancelled order."""
    mapped, read = scene.job.columns.mapped, scene.job.read
    if "order_status" in mapped:
        known = {*read.left_out_statuses, *read.return_statuses, *read.sale_statuses}
        columns = [("order_status", mapped["order_status"])]
    else:
        known = set()
        columns = [(one.name, one.header) for one in scene.columns("status") if header_is("status", one.header)]
    profile = scene.profile
    for column, header in columns:
        filled = profile[profile[column].notna() & profile["is_positive"]]
        money = filled.groupby(column)["money"].sum().sort_values(ascending=False, kind="stable")
        if known or len(money) < 2 or not all(_CODE.fullmatch(value) for value in money.index):
            continue
        yield _doubt_codes(scene, column, header, money.index.tolist())


def _doubt_codes(scene: Scene, column: str, header: str, codes: list[str]) -> Doubt:
    ours, mapping = _place(scene, column, header, is_type=False)
    what = "types" if ours == "order_type" else "statuses"
    value = scene.used[column]
    usual, rest = codes[0], codes[1:]
    hit = value.isin(rest)
    count, money, share = scene.share(hit)
    readings = [
        Reading(
            f"without_{code}",
            told("rows with {values} are left out", values=code),
            (*mapping, f"read.left_out_{what}: {in_yaml([code])}"),
            **scene.figures(without=value == code),
        )
        for code in rest[:MOST_CODES]
    ]
    return Doubt(
        "status_unclear",
        told(
            "Column {header} has bare codes ({values}), and only you know which of them are no sales. Most of the money has {usual}.",
            header=header,
            values=", ".join(codes[:8]),
            usual=usual,
        ),
        (*readings, as_is("status_unclear", told("all of them are sales"), **scene.base)),
        count=count,
        money=money,
        share=share,
        column=header,
        first=scene.first(hit, value),
        values=tuple(rest),
        stands=not scene.matters(hit),
    )


def _is_covered(scene: Scene, column: str, found: dict[str, str], covered: list[tuple[str, frozenset[str]]]) -> bool:
    """Say whether an earlier doubt is about all rows of this one."""
    profile = scene.profile
    rows = profile[profile[column].isin(list(found)) & profile["is_positive"]]
    for other, values in covered:
        rows = rows[~rows[other].isin(list(values))]
    return rows.empty and bool(covered)


def _doubt_values(scene: Scene, column: str, header: str, kind: str, found: dict[str, str]) -> Iterator[Doubt]:
    used = scene.used
    is_type = kind == "type"
    name = "type_unclear" if is_type else "status_unclear"
    value = used[column]
    listed = ["*"] if kind == "filled" else sorted(found)
    hit = value.isin(listed) if is_type else is_of_status(used, value, listed)
    count, money, share = scene.share(hit)
    profile = scene.profile
    by_value = profile[profile[column].isin(list(found))].groupby(column)[["rows", "money"]].sum()
    biggest = by_value.sort_values("money", ascending=False, kind="stable").head(6)
    shown_values = ", ".join(
        f"{'…' if kind == 'filled' else value} ({int(row['rows']):,}; {row['money']:,.2f})"
        for value, row in biggest.iterrows()
    )
    says = told(
        "Column {header}: {values} sound like no plain sale, and their rows have money (rows; money in brackets).",
        header=header,
        values=shown_values,
    )
    place = _place(scene, column, header, is_type=is_type)
    readings = list(_readings(scene, hit, value, found, place, is_type=is_type, listed=listed))
    kept = as_is(name, told("all of them are sales"), **scene.base)
    yield Doubt(
        name,
        says,
        (*readings, kept),
        count=count,
        money=money,
        share=share,
        column=header,
        first=scene.first(hit, value),
        values=tuple(sorted(found)),
        stands=not scene.matters(hit),
    )


def _place(scene: Scene, column: str, header: str, *, is_type: bool) -> tuple[str, list[str]]:
    """Return which of our columns says it, and the line that maps it where it is not mapped yet."""
    ours = "order_type" if is_type else "order_status"
    if column == ours:
        return ours, []
    if ours in scene.job.columns.mapped:  # taken by another column
        ours = "order_status" if is_type else "order_type"
    return ours, [f"columns.{ours}: {in_yaml(header)}"]


def _readings(
    scene: Scene,
    hit: BooleanValue,
    value: object,
    found: dict[str, str],
    place: tuple[str, list[str]],
    *,
    is_type: bool,
    listed: list[str],
) -> Iterator[Reading]:
    ours, mapping = place
    what = "types" if ours == "order_type" else "statuses"

    def line(choice: str, values: list[str]) -> str:
        """A line takes the place of one below ``read:``: it has the values that stand there too."""
        return f"read.{choice}_{what}: {in_yaml([*getattr(scene.job.read, f'{choice}_{what}'), *values])}"

    back = sorted(one for one, said in found.items() if said in ("returned", "cancelled"))
    rest = sorted(set(found) - set(back))
    out = Reading(
        "left_out",
        told("these rows are left out"),
        (*mapping, line("left_out", listed)),
        **scene.figures(without=hit),
    )
    if not is_type:
        partly = [one for one in found if any(word in fold(one) for word in _PARTLY)]
        if partly and scene.columns("refund"):
            kept = [one for one in listed if one not in partly]
            lines = (line("left_out", kept),) if kept else ()
            out = Reading(
                "left_out",
                told("these rows are left out; of what was refunded in part, the refund is taken off"),
                (*mapping, *lines, line("sale", sorted(partly))),
                **scene.figures(without=is_of_status(scene.used, value, kept) if kept else None),
            )
        yield out
        if back and rest and not partly:
            yield Reading(
                "back_left_out",
                told("only {values} are left out, the rest are sales", values=", ".join(back)),
                (*mapping, line("left_out", back), line("sale", rest)),
                **scene.figures(without=is_of_status(scene.used, value, back)),
            )
        return
    if back:
        lines = [*mapping, line("return", back)]
        lines += [line("left_out", rest)] if rest else []
        gone = value.isin(rest) if rest else None
        yield Reading(
            "returns",
            told("documents that take a sale back are taken off, the rest is left out")
            if rest
            else told("documents that take a sale back: their money is taken off"),
            tuple(lines),
            **scene.figures(without=gone, taken_off=value.isin(back)),
        )
    yield out


def find_sides(scene: Scene) -> Iterator[Doubt]:
    """Doubt amounts without a sign beside a column that says debit or credit."""
    settled = {*scene.job.read.return_types, *scene.job.read.sale_types, *scene.job.read.left_out_types}
    for one in scene.columns("debit_credit"):
        profile = scene.profile
        values = profile.loc[profile[one.name].notna() & (profile["money"] > 0), one.name].unique().tolist()
        credit = [value for value in values if fold(value) in _CREDIT]
        folded = frozenset(map(fold, values))
        if len(folded) != 2 or folded not in SIGNS or not credit or set(credit) & settled:
            continue
        rows = profile.groupby(one.name)["rows"].sum()
        back = sorted(values, key=lambda value: (int(rows[value]), value not in credit))[:1]  # sales are the more
        other = [value for value in values if value not in back]
        yield _doubt_sides(scene, one, back, other)


def _doubt_sides(scene: Scene, one: Watched, back: list[str], other: list[str]) -> Doubt:
    value = scene.used[one.name]
    hit = value.isin(back)
    count, money, share = scene.share(hit)
    ours = "order_type" if "order_type" not in scene.job.columns.mapped else "order_status"
    what = "types" if ours == "order_type" else "statuses"

    def reading(code: str, values: list[str]) -> Reading:
        return Reading(
            code,
            told("rows with {values} take money off", values=", ".join(values)),
            (f"columns.{ours}: {in_yaml(one.header)}", f"read.return_{what}: {in_yaml(values)}"),
            **scene.figures(taken_off=value.isin(values)),
        )

    return Doubt(
        "debit_credit",
        told(
            "Column {header} says debit or credit, and no amount has a minus: the rows of one side take money off.",
            header=one.header,
        ),
        (
            reading("returns", back),
            reading("turned", other),
            as_is("debit_credit", told("both sides are sales"), **scene.base),
        ),
        count=count,
        money=money,
        share=share,
        column=one.header,
        first=scene.first(hit, value),
        values=tuple(back),
        stands=not scene.matters(hit),
    )


def find_refunds(scene: Scene) -> Iterator[Doubt]:
    """Doubt amounts beside a column of refunds that is not mapped."""
    for one in scene.columns("refund"):
        value = scene.used[one.name]
        hit = (value != 0) & (scene.used.amount > 0)
        count, money, share = scene.share(hit)
        if not count or _is_net(scene, value):
            continue
        off = value.abs().fill_null(0)
        lines = scene.used.mutate(amount=scene.used.amount - off.cast(scene.used.amount.type()))
        given = float(scene.used.aggregate(x=off.sum()).to_pyarrow().to_pylist()[0]["x"] or 0)
        yield Doubt(
            "refund_unmapped",
            told(
                "Column {header} has money given back, {given:,.2f} in {count:,} rows, and the amount may not be net of it.",
                header=one.header,
                given=given,
                count=count,
            ),
            (
                Reading(
                    "taken_off",
                    told("the amount is what was sold at first: refunds are taken off"),
                    (f"columns.refund: {in_yaml(one.header)}",),
                    **scene.measure(lines),
                ),
                as_is("refund_unmapped", told("the amount is net of refunds already"), **scene.base),
            ),
            count=count,
            money=money,
            share=share,
            column=one.header,
            first=scene.first(hit, value),
            stands=not scene.matters(hit),
        )
        return


def _is_net(scene: Scene, refund: Value) -> bool:
    """Say whether the amount is net of refunds: with them it comes to a total that stands beside it, in nearly every row of a refund."""
    used = scene.used
    for one in scene.columns("gross"):
        given = used.filter((refund != 0) & used[one.name].notnull())
        adds_up = (
            given.amount.cast("float64") + refund.abs().cast("float64") - given[one.name].cast("float64")
        ).abs() < CENT
        row = given.aggregate(rows=given.count(), met=adds_up.sum()).to_pyarrow().to_pylist()[0]
        if row["rows"] and (row["met"] or 0) >= PROVEN * row["rows"]:
            return True
    return False


def find_sign(scene: Scene) -> Iterator[Doubt]:
    """Doubt a source in which most rows are below zero, as in ledgers that book revenue as credit."""
    profile = scene.profile
    below = profile.loc[~profile["is_positive"] & (profile["money"] < 0)]
    rows, money = int(below["rows"].sum()), float(below["money"].sum())
    above = float(profile.loc[profile["is_positive"], "money"].sum())
    if profile["rows"].sum() < LEAST_ROWS or rows < NEGATIVE_SHARE * profile["rows"].sum() or -money <= above:
        return
    used = scene.used
    turned = used.mutate(amount=-used.amount)
    turned = turned.mutate(is_return=turned.amount < 0)
    says: Told = told(
        "{rows:,} of {all:,} rows are below zero and count as returns: a ledger may book sales with a minus.",
        rows=rows,
        all=int(profile["rows"].sum()),
    )
    yield Doubt(
        "sign_turned",
        says,
        (
            Reading(
                "turned",
                told("what is below zero is a sale"),
                ("settled.sign_turned: turned",),
                **scene.measure(turned),
            ),
            as_is("sign_turned", told("what is below zero was given back"), **scene.base),
        ),
        count=rows,
        money=money,
        share=-money / scene.money,
        column=scene.job.columns.amount,
        first=scene.first(used.amount < 0, used.amount),
    )
