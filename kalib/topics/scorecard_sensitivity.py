"""How far do the scores, and the list of key accounts where its rule asks for them, depend on the weights?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from kalib.topics.scorecard import LEAST_KNOWN, Scores, Sheet, rank_accounts, score_accounts
from kalib.topics.scorecard_rule import PARTS, apply_rule, fix_value, list_parts

STEP = 0.25
"""By how much each weight is moved, as a share of itself."""

FIRST = 20
"""So many of the best by score are looked for under other weights."""

MOST = 500
"""Where the rule counts ranks, the smallest change is worked out for so many accounts, those nearest to the border."""

TOUCH = 1e-6
"""A change so much further than the one that is reported must have moved the account, by the rule itself."""

_SAME = 1e-9
_FAR = 1e9


def move_weight(weights: np.ndarray, at: int, change: float) -> np.ndarray:
    """Change one weight by a share of itself and scale the others, so that all still add up to 1.

    Examples
    --------
    >>> move_weight(np.array([0.5, 0.3, 0.2]), 0, -0.2).round(3).tolist()
    [0.4, 0.36, 0.24]
    """
    moved = weights.copy()
    moved[at] = min(max(weights[at] * (1 + change), 0.0), 1.0)
    rest = 1 - weights[at]
    others = np.arange(len(weights)) != at
    if rest > 0:
        moved[others] *= (1 - moved[at]) / rest
    return moved


def move_weights(
    sheet: Sheet,
    weights: np.ndarray,
    rule: Mapping[str, object],
    *,
    step: float = STEP,
    least_known: float = LEAST_KNOWN,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Move each weight up and down by a share of itself and see who enters and who leaves the list by the rule.

    Returns
    -------
    DataFrame
        One row per criterion and direction: criterion, weight, weight_moved, entered, left (accounts).
    DataFrame
        One row per account that enters or leaves: customer_id, criterion, weight_moved, change (entered or left).
    """
    base = apply_rule(rule, score_accounts(sheet.criterion_scores, weights), sheet.value, least_known=least_known)
    rows, moves = [], []
    for at, criterion in enumerate(sheet.criteria):
        for change in (step, -step):
            moved = move_weight(weights, at, change)
            scores = score_accounts(sheet.criterion_scores, moved)
            now = apply_rule(rule, scores, sheet.value, least_known=least_known)
            entered, left = now & ~base, base & ~now
            rows.append((criterion, weights[at], moved[at], int(entered.sum()), int(left.sum())))
            moves += [(a, criterion, moved[at], "entered") for a in sheet.accounts[entered]]
            moves += [(a, criterion, moved[at], "left") for a in sheet.accounts[left]]
    return (
        pd.DataFrame(rows, columns=["criterion", "weight", "weight_moved", "entered", "left"]),
        pd.DataFrame(moves, columns=["customer_id", "criterion", "weight_moved", "list_change"]),
    )


def compare_lists(
    sheet: Sheet,
    chosen: np.ndarray,
    found: Mapping[str, np.ndarray],
    rule: Mapping[str, object],
    *,
    least_known: float = LEAST_KNOWN,
) -> tuple[pd.DataFrame, pd.Series]:
    """Compare the list by the chosen weights with the lists that the other methods' weights would give.

    Returns
    -------
    DataFrame
        One row per method: weight_method, key_accounts, entered, left (against the chosen weights), kept_share (accounts on
        both lists over accounts on either).
    Series
        By customer_id: how many of the methods put the account on the list.
    """
    base = apply_rule(rule, score_accounts(sheet.criterion_scores, chosen), sheet.value, least_known=least_known)
    rows, votes = [], np.zeros(len(base), dtype=int)
    for method, weights in found.items():
        now = apply_rule(rule, score_accounts(sheet.criterion_scores, weights), sheet.value, least_known=least_known)
        votes += now
        either = int((base | now).sum())
        kept = int((base & now).sum()) / either if either else 1.0
        rows.append((method, int(now.sum()), int((now & ~base).sum()), int((base & ~now).sum()), kept))
    names = ["weight_method", "key_accounts", "entered", "left", "kept_share"]
    return pd.DataFrame(rows, columns=names), pd.Series(votes, index=sheet.accounts, name="weightings")


def compare_orders(
    sheet: Sheet,
    chosen: np.ndarray,
    found: Mapping[str, np.ndarray],
    *,
    step: float = STEP,
    first: int = FIRST,
    least_known: float = LEAST_KNOWN,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare the order of the scores with that by the other methods' weights, and with each weight moved by a quarter.

    Returns
    -------
    DataFrame
        One row per method other than the chosen weights, then one per criterion (the worse of its two moves): weight_method,
        criterion (missing of methods), rank_correlation (Spearman's, over all ranked accounts), first_kept (how many of the
        first ``first`` by score stay among them).
    DataFrame
        customer_id, rank_best, rank_worst: the best and the worst rank of each account under all of these weights and the
        chosen ones; missing where it is not ranked.
    """
    own = _rank(sheet, chosen, least_known)
    sets = [(method, None, weights) for method, weights in found.items() if not np.allclose(weights, chosen)]
    if len(sheet.criteria) > 1:
        moves = [(at, change) for at in range(len(sheet.criteria)) for change in (step, -step)]
        sets += [("moved", sheet.criteria[at], move_weight(chosen, at, change)) for at, change in moves]
    rows, ranks = [], [own]
    for method, criterion, weights in sets:
        now = _rank(sheet, weights, least_known)
        both = ~np.isnan(own) & ~np.isnan(now)
        alike = both.sum() < 2 or np.ptp(own[both]) == 0 or np.ptp(now[both]) == 0
        correlation = 1.0 if alike else float(spearmanr(own[both], now[both]).statistic)
        rows.append((method, criterion, correlation, int(((own <= first) & (now <= first)).sum())))
        ranks.append(now)
    table = pd.DataFrame(rows, columns=["weight_method", "criterion", "rank_correlation", "first_kept"])
    worse = table.sort_values(["first_kept", "rank_correlation"], kind="stable")
    table = worse.drop_duplicates(["weight_method", "criterion"]).sort_index().reset_index(drop=True)
    best, worst = np.fmin.reduce(ranks), np.fmax.reduce(ranks)
    spread = pd.DataFrame({"customer_id": sheet.accounts.astype(str), "rank_best": best, "rank_worst": worst})
    return table, spread.astype({"customer_id": "str", "rank_best": "Int64", "rank_worst": "Int64"})


def _rank(sheet: Sheet, weights: np.ndarray, least_known: float) -> np.ndarray:
    return rank_accounts(score_accounts(sheet.criterion_scores, weights), least_known=least_known)


def find_smallest_changes(
    sheet: Sheet, weights: np.ndarray, rule: Mapping[str, object], *, least_known: float = LEAST_KNOWN
) -> pd.DataFrame:
    """Find per account the smallest change of a single weight that puts it on the list or takes it off.

    A weight is changed by a share of itself, from -1 (it counts nothing) up to where it alone counts; the others are scaled to
    add up to 1 with it. Along such a change a score is a ratio of two straight lines, so the points at which it passes a
    threshold, another account's score, or the share that must be known are solved for, not searched; between two
    of them the rule cannot change its answer. The rule is asked once between each two of them; points that lie closer
    than 1e-9 are one. Every change found is tried by the rule itself on all accounts before it is reported; where rounding
    puts it off, the point from which on the rule agrees is reported.

    Parameters
    ----------
    sheet, weights, rule, least_known : as for ``apply_rule``

    Returns
    -------
    DataFrame
        customer_id, smallest_change (share of the weight; missing where no change of one weight does it),
        smallest_change_criterion; by customer_id. Where the rule counts ranks, accounts further from the border than the
        nearest 500 are left out.
    """
    base = score_accounts(sheet.criterion_scores, weights)
    listed = apply_rule(rule, base, sheet.value, least_known=least_known)
    rows = _near(base, listed, rule, least_known)
    candidates: list[list[tuple[float, int, float, float]]] = [[] for _ in rows]
    for at in range(len(sheet.criteria)):
        if not 0 < weights[at] < 1:
            continue
        line = _Line(sheet, weights, at, least_known)
        for one, low, high in _stretches(line, rule, sheet.value, rows, listed[rows]):
            low, high = (t / (t * weights[at] + 1 - weights[at]) - 1 for t in (low, high))
            near, far = (min(high, 0.0), low) if low < -_SAME else (max(low, 0.0), high)
            candidates[one].append((round(abs(near), 12), at, near, far))
    trial = _Trial(sheet, weights, rule, least_known, listed)
    change = np.full(len(rows), np.nan)
    criterion = np.full(len(rows), None, dtype=object)
    for one, row in enumerate(rows):
        for _, at, near, far in sorted(candidates[one]):
            found = trial.confirm(int(row), at, near, far)
            if found is not None:
                change[one], criterion[one] = found, sheet.criteria[at]
                break
    table = pd.DataFrame(
        {
            "customer_id": sheet.accounts[rows].astype(str),
            "smallest_change": np.round(change, 9),
            "smallest_change_criterion": criterion,
        }
    )
    return table.astype({"customer_id": "str", "smallest_change_criterion": "str"})


class _Trial:
    """Asks the rule itself, with one weight changed, about one account."""

    def __init__(
        self,
        sheet: Sheet,
        weights: np.ndarray,
        rule: Mapping[str, object],
        least_known: float,
        listed: np.ndarray,
    ) -> None:
        self.scores, self.value, self.weights = sheet.criterion_scores, sheet.value, weights
        self.least, self.listed = least_known, listed
        self.rule = fix_value(rule, sheet.value)
        # Without ranks an account's answer hangs on itself alone.
        self.alone = not any(name == "top" for name, _ in list_parts(rule))

    def flips(self, row: int, at: int, change: float) -> bool:
        rows = slice(row, row + 1) if self.alone else slice(None)
        scores = score_accounts(self.scores[rows], move_weight(self.weights, at, change))
        now = apply_rule(self.rule, scores, self.value[rows], least_known=self.least)
        return bool(now[0 if self.alone else row] != self.listed[row])

    def confirm(self, row: int, at: int, near: float, far: float) -> float | None:
        """Return the change from which on, towards ``far``, the account has changed sides; None where it has not."""
        middle = (near + far) / 2
        step = np.copysign(min(TOUCH, abs(middle - near)), far - near)
        if self.flips(row, at, near + step):
            return near
        if not self.flips(row, at, middle):
            return None
        short, beyond = near + step, middle
        while abs(beyond - short) > TOUCH / 2:
            half = (short + beyond) / 2
            short, beyond = (short, half) if self.flips(row, at, half) else (half, beyond)
        return beyond


class _Line:
    """Scores along a change of one weight: at t times its weight, the others as they are."""

    def __init__(self, sheet: Sheet, weights: np.ndarray, at: int, least_known: float) -> None:
        known = ~np.isnan(sheet.criterion_scores)
        weighed = known * weights
        gained = weighed * np.where(known, sheet.criterion_scores, 0.0)
        others = np.arange(len(weights)) != at
        # score(t) = (t a + b) / (t c + d), known(t) = (t c + d) / (t w + rest)
        self.a, self.b = gained[:, at], gained[:, others].sum(axis=1)
        self.c, self.d = weighed[:, at], weighed[:, others].sum(axis=1)
        self.w, self.rest, self.least = weights[at], weights[others].sum(), least_known
        self.now = score_accounts(sheet.criterion_scores, weights)

    def score(self, t: np.ndarray, rows: np.ndarray) -> np.ndarray:
        bottom = t * self.c[rows] + self.d[rows]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(bottom > 0, np.round((t * self.a[rows] + self.b[rows]) / bottom, 9), np.nan)

    def known_enough(self, t: np.ndarray, rows: np.ndarray) -> np.ndarray:
        bottom = t * self.c[rows] + self.d[rows]
        return (bottom > 0) & (bottom >= (self.least - 1e-9) * (t * self.w + self.rest))

    def knows(self, rows: np.ndarray) -> np.ndarray:
        """Return where along t the share that must be known is passed."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return (self.least * self.rest - self.d[rows]) / (self.c[rows] - self.least * self.w)

    def passes(self, threshold: float, rows: np.ndarray) -> np.ndarray:
        """Return where along t the score passes a threshold."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return (threshold * self.d[rows] - self.b[rows]) / (self.a[rows] - threshold * self.c[rows])

    def meets(self, row: int) -> np.ndarray:
        """Return where along t the score of one account meets those of all accounts: two roots each."""
        a, b, c, d = self.a[row], self.b[row], self.c[row], self.d[row]
        square = a * self.c - self.a * c
        straight = a * self.d + b * self.c - self.a * d - self.b * c
        constant = b * self.d - self.b * d
        with np.errstate(invalid="ignore", divide="ignore"):
            root = np.sqrt(straight**2 - 4 * square * constant)
            both = np.stack([(-straight - root) / (2 * square), (-straight + root) / (2 * square)])
            alone = -constant / straight
        flat = np.abs(square) < 1e-15
        return np.where(flat, alone, both[0]), np.where(flat, np.nan, both[1])


def _near(base: Scores, listed: np.ndarray, rule: Mapping[str, object], least_known: float) -> np.ndarray:
    """Return the accounts to look at: all, or, where ranks count, those nearest to the border in rank."""
    everyone = np.arange(len(base.score))
    tops = [int(figure) for name, figure in list_parts(rule) if name == "top"]
    if not tops or len(everyone) <= MOST:
        return everyone
    ranks = np.nan_to_num(rank_accounts(base, least_known=least_known), nan=_FAR)
    distance = np.min([np.abs(ranks - top) for top in tops], axis=0)
    return np.sort(np.lexsort((everyone, distance))[:MOST])


def _stretches(
    line: _Line, rule: Mapping[str, object], value: np.ndarray, rows: np.ndarray, listed: np.ndarray
) -> list[tuple[int, float, float]]:
    """Return where along t the rule's answer is another than now: account (its place in rows), from, to; all such."""
    parts = list_parts(rule)
    by_value = {
        part: apply_rule(dict([part]), line.now, value) for part in parts if PARTS[part[0]] not in ("score", "rank")
    }
    if not any(name == "top" for name, _ in parts):
        breaks = np.stack([line.knows(rows), *(line.passes(s, rows) for name, s in parts if name == "score")], axis=1)
        middles, edges = _between(breaks)
        answers = _ask(rule, line, middles, rows[:, None], by_value, {})
        return _differing(edges, answers, listed)
    found = []
    for one, row in enumerate(rows):
        own = np.array([row])
        counted, points = _count_above(line, int(row))
        breaks = np.concatenate(
            [points, line.knows(own), *(line.passes(s, own) for name, s in parts if name == "score")]
        )
        middles, edges = _between(breaks[None, :])
        answers = _ask(rule, line, middles, own[:, None], by_value, counted)
        found += [(one, low, high) for _, low, high in _differing(edges, answers, listed[one : one + 1])]
    return found


def _differing(edges: np.ndarray, answers: np.ndarray, listed: np.ndarray) -> list[tuple[int, float, float]]:
    """Return the stretches between breaks, slivers left out, in which the answer is another than now.

    One that reaches over t = 1 is two, one on each side.
    """
    low = np.concatenate([np.zeros((len(edges), 1)), edges], axis=1)
    high = np.concatenate([edges, edges[:, -1:] * 2 + 1], axis=1)
    real = high - low > _SAME * np.maximum(1.0, low)
    out = []
    for one, at in np.argwhere(real & (answers != listed[:, None])):
        ends = (float(low[one, at]), float(high[one, at]))
        if ends[0] < 1 - _SAME:
            out.append((int(one), ends[0], min(ends[1], 1.0)))
        if ends[1] > 1 + _SAME:
            out.append((int(one), max(ends[0], 1.0), ends[1]))
    return out


def _between(breaks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, per row, points between each two of the breaks above 0 and beyond them, and the breaks in order."""
    breaks = np.where((breaks > 0) & np.isfinite(breaks), breaks, np.nan)
    edges = np.sort(breaks, axis=1)  # what is no break lies at the end
    filled = np.where(
        np.isnan(edges), np.fmax(np.nanmax(np.where(np.isnan(edges), 1.0, edges), axis=1), 1.0)[:, None], edges
    )
    low = np.concatenate([np.zeros((len(edges), 1)), filled], axis=1)
    high = np.concatenate([filled, filled[:, -1:] * 2 + 1], axis=1)
    return (low + high) / 2, filled


def _count_above(line: _Line, row: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the points at which the number of accounts above one account changes, and that number after each."""
    everyone = np.arange(len(line.a))
    breaks = np.stack([*line.meets(row), line.knows(everyone)], axis=1)
    middles, edges = _between(breaks)
    own = line.score(middles, np.full(middles.shape, row))
    above = (line.score(middles, everyone[:, None]) > own) & line.known_enough(middles, everyone[:, None])
    steps = np.diff(above.astype(int), axis=1)
    points, moves = edges.ravel(), steps.ravel()
    real = moves != 0
    points, moves = points[real], moves[real]
    order = np.argsort(points, kind="stable")
    counts = above[:, 0].sum() + np.concatenate([[0], np.cumsum(moves[order])])
    return {"points": points[order], "counts": counts}, points[order]


def _ask(
    rule: Mapping[str, object],
    line: _Line,
    t: np.ndarray,
    rows: np.ndarray,
    by_value: Mapping[tuple[str, float], np.ndarray],
    counted: Mapping[str, np.ndarray],
) -> np.ndarray:
    """Return the rule's answer for accounts (rows) at points along the change (columns)."""
    ((name, argument),) = rule.items()
    if name in ("any", "all"):
        parts = np.array([_ask(part, line, t, rows, by_value, counted) for part in argument])
        return parts.any(axis=0) if name == "any" else parts.all(axis=0)
    if (name, argument) in by_value:
        return np.broadcast_to(by_value[name, argument][rows], t.shape)
    enough = line.known_enough(t, rows)
    if name == "top":
        above = counted["counts"][np.searchsorted(counted["points"], t, side="right")]
        return enough & (above < argument)
    return enough & (np.nan_to_num(line.score(t, rows), nan=-1.0) >= argument - 1e-12)
