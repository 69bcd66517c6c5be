"""Who are the key accounts, and how sure is the list?"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
from scipy.stats import rankdata

CRITERIA = {
    "purchasing_power": ["net_sales_365_days", "net_sales_per_order_365_days"],
    "loyalty": [
        "relationship_days",
        "regularity",
        "wallet_share",
        "price_against_peers_365_days",
        "new_products_share_365_days",
    ],
    "profit": ["profit_rate_365_days"],
    "potential": ["net_sales_trend"],
    "satisfaction": ["satisfaction", "-complaints", "-returns_share_365_days"],
    "risk": ["-overdue_share", "-largest_product_share_365_days", "-churn_probability"],
}
"""What each criterion is made of; less is better where there is a minus. Nobody's influence is known."""

MEASURES = [name for own in CRITERIA.values() for name in own]


def measure(customers: pd.DataFrame, accounts: pd.DataFrame, churn: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the measures of every account with an order."""
    c = customers[customers.orders > 0].merge(
        accounts[["customer_id", "since", "satisfaction", "complaints", "wallet"]], how="left"
    )
    c = c.merge(churn[["customer_id", "churn_probability"]], how="left").set_index("customer_id")
    sales, overdue = c.net_sales_365_days, c.overdue_amount.clip(lower=0)
    c["net_sales_per_order_365_days"] = sales / c.orders_365_days.where(c.orders_365_days > 0)
    c["relationship_days"] = np.fmax(c.tenure_days, (as_of - pd.to_datetime(c.since)).dt.days)
    c["wallet_share"] = sales / c.wallet.where(c.wallet > 0)
    c["profit_rate_365_days"] = (c.margin_365_days - c.cost_to_serve_365_days).round(2) / sales.where(sales > 0)
    gross = sales + c.returns_365_days
    c["returns_share_365_days"] = floor(c.returns_365_days / gross.where(gross > 0))
    c["overdue_share"] = floor((overdue / (overdue + sales.clip(lower=0)).where(overdue > 0)).mask(overdue == 0, 0.0))
    c["largest_product_share_365_days"] = c.largest_product_share_365_days.where(c.orders_365_days >= 12)
    rounded = [
        "regularity",
        "price_against_peers_365_days",
        "new_products_share_365_days",
        "net_sales_trend",
        "largest_product_share_365_days",
    ]
    return c.round(dict.fromkeys(rounded, 6))


def floor(share: pd.Series) -> pd.Series:
    """Return shares, those below two in a hundred as nothing."""
    return share.mask(share < 0.02, 0.0)


def scale(figures: pd.Series) -> pd.Series:
    """Return ranks from 0 to 1; where a quarter are equal, the others by how far they are from that figure."""
    own = figures.dropna()
    ranks = pd.Series((rankdata(own) - 1) / (len(own) - 1), index=own.index)
    counts = own.value_counts()
    usual = counts.index[counts == counts.max()].min()
    if counts.max() >= 0.25 * len(own):
        place = ranks[own == usual].iloc[0]
        for side, end in ((own < usual, 0.0), (own > usual, 1.0)):
            if side.any():
                far = (own[side] - usual).abs()
                ranks[side] = place + (end - place) * np.minimum(far / far.quantile(0.95), 1.0)
    return ranks.reindex(figures.index)


def score(values: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the measures, and the criteria, on a scale from 0 to 1."""
    measures = {}
    for name in MEASURES:
        scaled = scale(values[name.lstrip("-")])
        measures[name.lstrip("-")] = 1 - scaled if name.startswith("-") else scaled
    measures = pd.DataFrame(measures)
    return measures, pd.DataFrame(
        {name: measures[[m.lstrip("-") for m in own]].mean(axis=1) for name, own in CRITERIA.items()}
    )


def total(criteria: pd.DataFrame, weights: np.ndarray) -> tuple[pd.Series, pd.DataFrame, pd.Series]:
    """Return score, contributions and the share of weights that is known."""
    known = criteria.notna() * weights
    own = known.div(known.sum(axis=1), axis=0)
    parts = (own * criteria).round(9)
    return parts.sum(axis=1).round(9), parts, known.sum(axis=1).round(9)


def weigh(values: pd.DataFrame, given: dict[str, float], judged: dict[str, str]) -> dict[str, np.ndarray]:
    """Return the weights by all four methods."""
    names, count = list(CRITERIA), len(CRITERIA)
    matrix = np.ones((count, count))
    for pair, times in judged.items():
        one, other = pair.split("/")
        if one in names and other in names:
            matrix[names.index(one), names.index(other)] = Fraction(str(times))
            matrix[names.index(other), names.index(one)] = 1 / Fraction(str(times))
    roots, vectors = np.linalg.eig(matrix)
    first = np.abs(vectors[:, roots.real.argmax()].real)
    own = np.array([given[name] for name in names], float)
    entropies = {}
    figures = {name: values[name.lstrip("-")] for name in MEASURES}
    ranges = {name: (own - own.min()) / (own.max() - own.min()) for name, own in figures.items()}
    for name, measures in CRITERIA.items():
        figures = (
            pd.DataFrame({m: 1 - ranges[m] if m.startswith("-") else ranges[m] for m in measures}).mean(axis=1).dropna()
        )
        shares = figures[figures > 0] / figures.sum()
        entropies[name] = 1 + (shares * np.log(shares)).sum() / np.log(len(figures))
    diversity = np.array(list(entropies.values()))
    return {
        "equal": np.full(count, 1 / count),
        "given": own / own.sum(),
        "ahp": first / first.sum(),
        "entropy": diversity / diversity.sum(),
    }


def bar(sales: pd.Series) -> float:
    """Return the net sales of the smallest of the largest accounts that bring half of them."""
    ordered = sales.sort_values(ascending=False)
    return ordered[(ordered.cumsum() - ordered) < sales.sum() / 2 - 1e-8].min()


def analyse(
    tables: dict[str, pd.DataFrame], accounts: pd.DataFrame, earlier: list[pd.DataFrame], job: dict, as_of: pd.Timestamp
) -> dict[str, pd.DataFrame]:
    """Return the list of key accounts with what is known of how sure it is, and the measures of those near it."""
    customers = tables["customers"]
    values = measure(customers, accounts, tables["churn"], as_of)
    measures, criteria = score(values)
    methods = weigh(values, job["given"], job["ahp"])
    weights = methods["equal"]
    points, parts, known = total(criteria, weights)
    sales = values.net_sales_365_days
    is_key = sales >= bar(sales)
    table = pd.DataFrame(
        {
            "key_account_score": points,
            "key_account_rank": rank(points),
            "key_by_rule": is_key,
            "known_weight_share": known,
            "net_sales_365_days": sales,
        }
    )
    table = table.assign(account_class="scored", rule_result=np.where(is_key, "met", "value"), weightings=4 * is_key)
    for name in CRITERIA:
        table[f"{name}_score"], table[f"{name}_contribution"] = criteria[name], parts[name]
    table = table.assign(
        influence_score=np.nan, influence_contribution=np.nan, smallest_change=np.nan, smallest_change_criterion=None
    )
    table = table.assign(**reasons(criteria, weights, is_key))
    ranks = [
        rank(total(criteria, w)[0])
        for w in [*methods.values(), *(moved(weights, at, by) for at in range(len(weights)) for by in (0.25, -0.25))]
    ]
    table["rank_best"], table["rank_worst"] = np.min(ranks, axis=0), np.max(ranks, axis=0)
    table["selection_frequency"] = redraw(sales, tables["order_days"], as_of)
    table["selection_class"] = np.select(
        [table.selection_frequency >= limit for limit in (0.9, 0.5, 0.1)],
        ["certain", "likely", "borderline"],
        "unlikely",
    )
    lists = [
        then.customer_id[then.net_sales_365_days >= bar(then.net_sales_365_days)]
        for then in (e[e.orders > 0] for e in earlier)
    ]
    table["earlier_lists"] = sum(table.index.isin(ids).astype(int) for ids in lists)
    bought = set(customers.customer_id)
    for name, ids in (("no_order", bought - set(values.index)), ("prospect", set(accounts.customer_id) - bought)):
        if ids:
            more = pd.DataFrame({"account_class": name, "rule_result": name, "key_by_rule": False}, index=sorted(ids))
            table = pd.concat([table, more])
    table["is_key_account"] = table.key_by_rule.astype(bool)
    table = table.assign(override_by=None, override_date=None, override_reason=None)
    for word in job["overrides"]:
        if pd.Timestamp(word["date"]) <= as_of and ("until" not in word or pd.Timestamp(word["until"]) >= as_of):
            table.loc[word["customer_id"], ["is_key_account", "override_by", "override_date", "override_reason"]] = [
                word["key"],
                word["by"],
                word["date"],
                word["reason"],
            ]
    near = table.index[
        table.is_key_account | table.selection_class.isin(["certain", "likely", "borderline"])
    ].intersection(values.index)
    long = [
        (c, m.lstrip("-"), name, values.at[c, m.lstrip("-")], measures.at[c, m.lstrip("-")])
        for c in near
        for name, own in CRITERIA.items()
        for m in own
    ]
    listed = pd.DataFrame(
        long, columns=["customer_id", "measure", "criterion", "measure_value", "measure_score"]
    ).dropna()
    return {"scorecard": table.reset_index(names="customer_id"), "scorecard_measures": listed}


def rank(points: pd.Series) -> np.ndarray:
    """Return ranks, the best first, equal ones sharing the better."""
    return rankdata(-points, method="min").astype(int)


def moved(weights: np.ndarray, at: int, by: float) -> np.ndarray:
    """Return weights with one changed by a share of itself and the others scaled."""
    own = weights[at] * (1 + by)
    others = weights * (1 - own) / (1 - weights[at])
    return np.where(np.arange(len(weights)) == at, own, others)


def reasons(criteria: pd.DataFrame, weights: np.ndarray, key: pd.Series) -> dict[str, np.ndarray]:
    """Return the two criteria that lift each score most, and the one that holds it back against the key accounts."""
    known = criteria.notna() * weights
    own, names = known.div(known.sum(axis=1), axis=0), np.array(criteria.columns, dtype=object)
    lift = (own * (criteria - criteria.mean())).fillna(0).round(7).to_numpy()
    lack = (own * (criteria[key].mean() - criteria)).fillna(0).round(7).to_numpy().copy()

    def pick(pull: np.ndarray, at: int) -> np.ndarray:
        column = np.argsort(-pull, axis=1, kind="stable")[:, at]
        return np.where(pull[np.arange(len(pull)), column] > 0, names[column], None)

    first, second = pick(lift, 0), pick(lift, 1)
    lack[(names == first[:, None]) | (names == second[:, None])] = 0
    return {"lifted_by": first, "lifted_by_next": second, "held_back_by": pick(lack, 0)}


def redraw(sales: pd.Series, days: pd.DataFrame, as_of: pd.Timestamp, count: int = 200) -> np.ndarray:
    """Return how often each account reaches today's bar when the days with an order are drawn anew."""
    at, ago = sales.index.get_indexer(days.customer_id), (as_of - pd.to_datetime(days.order_date)).dt.days
    known = pd.DataFrame({"at": at, "ago": ago, "money": days.net_sales.astype(float)})
    known = known[(known["at"] >= 0) & (known.ago < 730)].sort_values(["at", "ago"])
    random, year, limit = np.random.default_rng(0), (known.ago < 365).to_numpy(), bar(sales)
    times, together = np.zeros(len(sales)), max(1, 4_000_000 // len(known))
    for begin in range(0, count, together):
        drawn = random.poisson(1.0, size=(min(together, count - begin), len(known)))[:, year] - 1
        for one in drawn:
            moved = np.bincount(known["at"][year], one * known.money[year], len(sales))
            times += (sales.to_numpy() + moved).round(2) >= limit
    return times / count
