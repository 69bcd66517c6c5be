"""Which accounts are key by the job's rule, and which because somebody said so?"""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from kalib.money import add, share
from kalib.topics.scorecard import LEAST_KNOWN, Scores, Sheet, is_known_enough, rank_accounts

RULE: dict[str, object] = {"value_share": 0.5}
"""Key unless the job says otherwise: among the largest that bring half of net sales."""

PARTS = {"score": "score", "top": "rank", "value_share": "value", "net_sales": "value", "spread_thin": "spread_thin"}
"""What a part of a rule looks at, by its name in the job file; the last is put in by ``settle_rule``."""

LARGEST = 100
"""So many accounts must bring ``LEAST_SHARE`` of the year's net sales, or the business has no key accounts."""

LEAST_SHARE = 0.2


def reach_value(value: np.ndarray, share: float) -> np.ndarray:
    """Say of each account whether it is among the largest that together bring a share of all net sales.

    Accounts are taken from the largest down until the share is reached; whoever has the same net sales as the last one
    taken is in too. Only net sales above 0 count, and where all net sales do not add up to something above 0, nobody is in.

    Examples
    --------
    >>> reach_value(np.array([50.0, 30.0, 30.0, 10.0]), 0.5).tolist()
    [True, True, True, False]
    """
    total = add(value)
    if total <= 0:
        return np.zeros(len(value), dtype=bool)
    cents = np.round(value * 100)
    order = np.argsort(-cents, kind="stable")
    before = np.cumsum(cents[order]) - cents[order]
    taken = (before < share * np.round(total * 100) - 1e-6) & (cents[order] > 0)
    return cents >= cents[order][taken].min() if taken.any() else np.zeros(len(value), dtype=bool)


def settle_rule(
    rule: Mapping[str, object], value: np.ndarray, *, least_share: float = LEAST_SHARE
) -> tuple[dict[str, object], float]:
    """Return the rule that holds for a book of accounts, and the share of net sales that its hundred largest bring.

    A key account is one whose loss would hurt. Where losing the hundred largest together would cost less than ``least_share`` of
    the year's net sales, as in a consumer business, none is: the rule is then ``{"spread_thin": share}``, which nobody meets.

    Examples
    --------
    >>> settle_rule({"top": 3}, np.ones(1_000))[0], settle_rule({"top": 3}, np.ones(500))[0]
    ({'spread_thin': 0.1}, {'top': 3})
    """
    positive = np.sort(np.clip(value, 0.0, None))[::-1]
    largest = share(add(positive[:LARGEST]), add(positive)) if positive.sum() > 0 else 1.0
    return ({"spread_thin": largest} if largest < least_share else dict(rule)), largest


def apply_rule(
    rule: Mapping[str, object], scores: Scores, value: np.ndarray, *, least_known: float = LEAST_KNOWN
) -> np.ndarray:
    """Say of each account whether it is key by the rule.

    ``{"score": s}``: a score of at least s. ``{"top": n}``: fewer than n accounts have a higher score, so that all
    that are equal at the border are in. ``{"value_share": v}``: see ``reach_value``. ``{"net_sales": m}``: net sales of the
    year of at least m. ``{"spread_thin": s}``: nobody, see ``settle_rule``. ``{"any": [...]}`` and ``{"all": [...]}`` combine them. An account of which too little is known meets no rule on its score or rank.

    Examples
    --------
    >>> scores = Scores(np.array([0.9, 0.7, 0.7]), np.ones(3), np.empty((3, 0)), np.empty((3, 0)))
    >>> apply_rule({"top": 2}, scores, np.zeros(3)).tolist(), apply_rule({"score": 0.8}, scores, np.zeros(3)).tolist()
    ([True, True, True], [True, False, False])
    """
    ((name, argument),) = rule.items()
    if name in ("any", "all"):
        parts = np.array([apply_rule(part, scores, value, least_known=least_known) for part in argument])
        return parts.any(axis=0) if name == "any" else parts.all(axis=0)
    if name == "value_share":
        return reach_value(value, float(argument))
    if name == "net_sales":
        return value >= argument
    if name == "spread_thin":
        return np.zeros(len(value), dtype=bool)
    if name == "top":
        return rank_accounts(scores, least_known=least_known) <= argument
    return is_known_enough(scores, least_known) & (np.nan_to_num(scores.score, nan=-1.0) >= argument - 1e-12)


def fix_value(rule: Mapping[str, object], value: np.ndarray) -> dict[str, object]:
    """Return a rule with the net sales that a share of value takes today in the place of that share.

    Examples
    --------
    >>> fix_value({"all": [{"value_share": 0.5}, {"score": 0.6}]}, np.array([50.0, 30.0, 30.0, 10.0]))
    {'all': [{'net_sales': 30.0}, {'score': 0.6}]}
    """
    ((name, argument),) = rule.items()
    if name in ("any", "all"):
        return {name: [fix_value(part, value) for part in argument]}
    if name != "value_share":
        return dict(rule)
    reached = reach_value(value, float(argument))
    return {"net_sales": float(value[reached].min()) if reached.any() else float("inf")}


def list_parts(rule: Mapping[str, object]) -> list[tuple[str, float]]:
    """Return the plain parts of a rule, in order: what each looks at and its figure.

    Examples
    --------
    >>> list_parts({"all": [{"score": 0.7}, {"any": [{"top": 50}, {"value_share": 0.5}]}]})
    [('score', 0.7), ('top', 50), ('value_share', 0.5)]
    """
    ((name, argument),) = rule.items()
    if name not in ("any", "all"):
        return [(name, argument)]
    return [leaf for part in argument for leaf in list_parts(part)]


def asks_for_score(rule: Mapping[str, object]) -> bool:
    """Say whether a rule looks at scores at all; where it does not, no weights change the list."""
    return any(PARTS[name] in ("score", "rank") for name, _ in list_parts(rule))


def explain_rule(
    rule: Mapping[str, object], scores: Scores, value: np.ndarray, *, least_known: float = LEAST_KNOWN
) -> np.ndarray:
    """Return per account a code for why it is key by the rule or not.

    ``met``, ``little_known``, or which parts it misses: ``score``, ``rank``, ``value``, joined by ``_and_`` where it
    misses several of those that would have to hold. Where any one part is enough, all are named.
    """
    met = apply_rule(rule, scores, value, least_known=least_known)
    missed = np.full(len(met), "", dtype=object)
    for kind in dict.fromkeys(PARTS.values()):
        failed = np.zeros(len(met), dtype=bool)
        for part in list_parts(rule):
            if PARTS[part[0]] == kind:
                failed |= ~apply_rule(dict([part]), scores, value, least_known=least_known)
        missed = np.where(failed, np.where(missed == "", kind, missed + f"_and_{kind}"), missed)
    little = ~is_known_enough(scores, least_known) & asks_for_score(rule)
    return np.where(met, "met", np.where(little, "little_known", missed))


def list_accounts(
    sheet: Sheet,
    scores: Scores,
    rule: Mapping[str, object],
    *,
    least_known: float = LEAST_KNOWN,
    known_accounts: pd.DataFrame | None = None,
    customers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """List every account with its score, its criteria, what each gives, and whether it is key by the rule.

    Parameters
    ----------
    known_accounts, customers : tables of accounts and customers. Whoever stands among the accounts and never among the
        customers is a prospect; a customer none of whose orders stands (returned only, or all cancelled) is none. Both
        are classes of their own, neither scored nor ranked

    Returns
    -------
    DataFrame
        One row per account, by customer_id: customer_id, account_class (scored, little_known, no_order, prospect),
        key_account_score, key_account_rank, key_by_rule, is_key_account (the same; ``apply_overrides`` changes it),
        rule_result, known_weight_share, net_sales_365_days, <criterion>_score and <criterion>_contribution of the
        criteria that are left, lifted_by, lifted_by_next, held_back_by.
    """
    eligible = is_known_enough(scores, least_known)
    table = pd.DataFrame(
        {
            "customer_id": sheet.accounts,
            "account_class": np.where(eligible, "scored", "little_known"),
            "key_account_score": scores.score,
            "key_account_rank": rank_accounts(scores, least_known=least_known),
            "key_by_rule": apply_rule(rule, scores, sheet.value, least_known=least_known),
            "rule_result": explain_rule(rule, scores, sheet.value, least_known=least_known),
            "known_weight_share": scores.known,
            "net_sales_365_days": sheet.value,
        }
    )
    for at, name in enumerate(sheet.criteria):
        table[f"{name}_score"] = np.round(sheet.criterion_scores[:, at], 9)
        table[f"{name}_contribution"] = scores.contributions[:, at]
    table = table.assign(**_reasons(sheet, scores, table["key_by_rule"].to_numpy(bool)))
    scored, bought = set(sheet.accounts), set(() if customers is None else customers["customer_id"])
    known = set(() if known_accounts is None else known_accounts["customer_id"])
    for name, ids in (("no_order", bought - scored), ("prospect", known - bought - scored)):
        if ids:
            more = {"customer_id": sorted(ids), "account_class": name, "key_by_rule": False, "rule_result": name}
            table = pd.concat([table, pd.DataFrame(more)], ignore_index=True)
    texts = ["customer_id", "account_class", "rule_result", "lifted_by", "lifted_by_next", "held_back_by"]
    kinds = dict.fromkeys(texts, "str") | {"key_account_rank": "Int64", "key_by_rule": "bool"}
    table = table.sort_values("customer_id", ignore_index=True).astype(kinds)
    return table.assign(is_key_account=table["key_by_rule"])


def _reasons(sheet: Sheet, scores: Scores, key: np.ndarray) -> dict[str, np.ndarray]:
    """Return the two criteria that lift each score most above the mean account's, and the one furthest below the key accounts'."""
    criteria = sheet.criterion_scores
    wanted = criteria[key] if key.any() else criteria
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=RuntimeWarning)  # a criterion that no key account has: no yardstick
        above, below = np.nanmean(criteria, axis=0), np.nanmean(wanted, axis=0)
    # Rounded, so that what differs only in the last digit is no reason.
    lift = np.round(np.nan_to_num(scores.own_weights * (criteria - above)), 7)
    lack = np.round(np.nan_to_num(scores.own_weights * (below - criteria)), 7)
    names = np.array(sheet.criteria, dtype=object)

    def pick(pull: np.ndarray, at: int) -> np.ndarray:
        if at >= pull.shape[1]:
            return np.full(len(pull), None, dtype=object)
        column = np.argsort(-pull, axis=1, kind="stable")[:, at]
        return np.where(pull[np.arange(len(pull)), column] > 0, names[column], None)

    lifted, lifted_next = pick(lift, 0), pick(lift, 1)
    lack = np.where(
        (names == lifted[:, None]) | (names == lifted_next[:, None]), 0.0, lack
    )  # nothing both lifts and holds back
    return {"lifted_by": lifted, "lifted_by_next": lifted_next, "held_back_by": pick(lack, 0)}


def apply_overrides(
    scorecard: pd.DataFrame, overrides: Sequence[Mapping[str, object]], *, as_of: dt.date
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Let named persons put accounts on the list or take them off it, and say what became of each such word.

    An override holds from its date on, up to its ``until`` (that day included) where it has one. Of several that hold for one
    account the newest counts, and of those of one day the last in the job file.

    Parameters
    ----------
    scorecard : as ``list_accounts`` returns it
    overrides : customer_id, key (bool), by, date, reason, and until or None
    as_of : the snapshot date

    Returns
    -------
    scorecard with is_key_account as overridden, and override_by, override_date, override_reason where one holds
    DataFrame
        One row per override, in the job file's order: customer_id, key, override_by, override_date, override_until,
        override_reason, override_state (applied, superseded, later, expired, no_such_account), key_by_rule, changes_list.
    """
    rows = []
    index = pd.Index(scorecard["customer_id"])
    by_rule = dict(zip(scorecard["customer_id"], scorecard["key_by_rule"], strict=True))
    standing: dict[str, int] = {}
    for at, item in enumerate(overrides):
        account, day, until = str(item["customer_id"]), _day(item["date"]), _day(item.get("until"))
        state = "applied"
        if account not in by_rule:
            state = "no_such_account"
        elif day > as_of:
            state = "later"
        elif until is not None and until < as_of:
            state = "expired"
        rows.append([account, bool(item["key"]), str(item["by"]), day, until, str(item["reason"]), state])
        if state != "applied":
            continue
        before = standing.get(account)
        if before is None or day >= rows[before][3]:
            standing[account] = at
            if before is not None:
                rows[before][6] = "superseded"
        else:
            rows[at][6] = "superseded"
    names = [
        "customer_id",
        "key",
        "override_by",
        "override_date",
        "override_until",
        "override_reason",
        "override_state",
    ]
    said = pd.DataFrame(rows, columns=names)
    said["key_by_rule"] = [by_rule.get(account) for account in said["customer_id"]]
    applied = said["override_state"] == "applied"
    said["changes_list"] = applied & (said["key"] != said["key_by_rule"])
    out = scorecard.assign(override_by=None, override_date=None, override_reason=None)
    for row in said[applied].itertuples(index=False):
        at = index.get_loc(row.customer_id)
        out.loc[at, ["is_key_account", "override_by", "override_date", "override_reason"]] = [
            row.key,
            row.override_by,
            row.override_date,
            row.override_reason,
        ]
    texts = dict.fromkeys(("override_by", "override_reason"), "str")
    out = out.astype({"is_key_account": "bool", **texts})
    return out.assign(override_date=pd.Series(out["override_date"], dtype=object)), said


def _day(value: object) -> dt.date | None:
    return dt.date.fromisoformat(value) if isinstance(value, str) else value
