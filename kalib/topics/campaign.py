"""Does it pay to act on those who may leave, on whom first, and where does the list stop?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from math import nan

import numpy as np
import pandas as pd

from kalib.errors import NotEnoughDataError
from kalib.money import add
from kalib.schema import check_columns, check_key

RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Success rates that are laid side by side where nobody has measured one: a scale to read off, not an assumption."""

SIZES = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
"""How many of the first accounts on the list are looked at together."""

LEAST_CONTACTS = 30
"""Contacts of a kind in the year that its mean cost needs."""

POINTS = 300


def find_stakes(churn: pd.DataFrame, customers: pd.DataFrame, *, value: pd.DataFrame | None = None) -> pd.DataFrame:
    """Find what would be lost with each account if it left: its worth if it stays, not its worth on average.

    Who places no order within the horizon is not lost for good each time: of the worth only ``away_share`` is at stake, the share
    of accounts of its kind that stayed away in the past.

    Lifetime value already counts the chance that the account is gone; multiplied by a probability of leaving it would count
    the same risk twice and hide those most at risk. So it is the value given that the account is a customer still.
    Without lifetime values the margin of the 365 days before stands in, and without margin net sales do; what is below 0 is
    0: nobody is kept at a loss.

    Parameters
    ----------
    churn : customer_id; these accounts are looked at; away_share where it is known (missing: all of the worth is at stake, which
        is rather too much); stake_basis where it has it: ``overdue``, and all of the worth is at stake
    customers : customer_id, net_sales_365_days and, where costs are known, margin_365_days
    value : customer_id, clv_if_active, and clv_basis where it has it; or None

    Returns
    -------
    DataFrame
        One row per row of ``churn``: customer_id, value_at_stake (NaN where it is not known), stake (``clv``,
        ``clv_sales`` where it is made of net sales, ``margin`` or ``net_sales``; the same for all).

    Examples
    --------
    >>> churn = pd.DataFrame({"customer_id": ["a", "b"]})
    >>> customers = pd.DataFrame({"customer_id": ["a", "b"], "net_sales_365_days": [50.0, -5.0]})
    >>> find_stakes(churn, customers)["value_at_stake"].tolist()
    [50.0, 0.0]
    >>> value = pd.DataFrame({"customer_id": ["a", "b"], "clv_if_active": [100.0, 300.0]})
    >>> find_stakes(churn, customers, value=value)["value_at_stake"].tolist()
    [100.0, 300.0]
    >>> find_stakes(churn.assign(away_share=0.4), customers, value=value)["value_at_stake"].tolist()
    [40.0, 120.0]
    """
    check_key(churn, ["customer_id"], name="churn")
    if value is not None and value["clv_if_active"].notna().any():
        check_key(value, ["customer_id"], name="value")
        known = value[["customer_id"]].assign(value_at_stake=value["clv_if_active"])
        of_sales = "clv_basis" in value and (value["clv_basis"] == "net_sales").any()
        stake = "clv_sales" if of_sales else "clv"
    else:
        has_margin = "margin_365_days" in customers and customers["margin_365_days"].notna().any()
        stake = "margin" if has_margin else "net_sales"
        check_columns(customers, ["customer_id", f"{stake}_365_days"], name="customers")
        known = customers[["customer_id"]].assign(value_at_stake=customers[f"{stake}_365_days"])
    away = churn["away_share"].fillna(1.0) if "away_share" in churn and find_basis(churn) == "away" else 1.0
    found = churn[["customer_id"]].assign(away=away).merge(known, on="customer_id", how="left", validate="1:1")
    worth = found["value_at_stake"].clip(lower=0) * found.pop("away")
    return found.assign(value_at_stake=worth.round(2), stake=stake)


def find_basis(churn: pd.DataFrame) -> str:
    """Find how the page on churn orders its list: ``away`` by probability times sales, ``overdue`` by sales alone."""
    return str(churn["stake_basis"].iloc[0]) if "stake_basis" in churn and len(churn) else "away"


def find_contact_cost(contacts: pd.DataFrame | None, *, as_of: dt.date) -> dict[str, object]:
    """Find what a contact costs in the company's own records: the kind on which most was spent in the 365 days.

    Returns
    -------
    dict
        contact_kind, contact_cost (mean; NaN where no kind has enough contacts with a cost), contacts (how many).

    Examples
    --------
    >>> find_contact_cost(None, as_of=dt.date(2026, 6, 30))
    {'contact_kind': None, 'contact_cost': nan, 'contacts': 0}
    """
    unknown = {"contact_kind": None, "contact_cost": nan, "contacts": 0}
    if contacts is None or "cost" not in contacts:
        return unknown
    known = contacts.assign(kind=contacts["kind"].fillna("") if "kind" in contacts else "")
    days = (pd.Timestamp(as_of) - pd.to_datetime(known["contact_date"])).dt.days
    known = known[days.between(0, 364) & known["cost"].notna()]
    kinds = known.groupby("kind")["cost"].agg(["size", add])
    kinds = kinds[(kinds["size"] >= LEAST_CONTACTS) & (kinds["add"] > 0)]
    if kinds.empty:
        return unknown
    kind = kinds.sort_values("add", ascending=False, kind="stable").index[0]
    count, total = int(kinds.loc[kind, "size"]), float(kinds.loc[kind, "add"])
    return {"contact_kind": kind or None, "contact_cost": total / count, "contacts": count}


def choose_terms(
    recorded: Mapping[str, object], *, success_rate: float | None, cost: float | None, offer_cost: float | None
) -> dict[str, float | None]:
    """Choose what is reckoned with: the company's figures, and for the cost else what its own records say.

    Parameters
    ----------
    recorded : as ``find_contact_cost`` returns it
    success_rate, cost, offer_cost : as the job states them, or None

    Returns
    -------
    dict
        success_rate and cost, None where nobody knows; offer_cost, 0 where nothing is offered.

    Examples
    --------
    >>> choose_terms({"contact_cost": 12.0}, success_rate=None, cost=None, offer_cost=None)
    {'success_rate': None, 'cost': 12.0, 'offer_cost': 0.0}
    """
    known = float(recorded["contact_cost"])
    own = cost if cost is not None else known if known == known else None
    return {"success_rate": success_rate, "cost": own, "offer_cost": offer_cost or 0.0}


def find_source(recorded: Mapping[str, object], *, cost: float | None) -> str:
    """Find where the cost comes from: ``given``, ``records``, ``records_plain`` (no kind is known) or ``unknown``."""
    if cost is not None:
        return "given"
    if recorded["contact_cost"] != recorded["contact_cost"]:
        return "unknown"
    return "records" if recorded["contact_kind"] else "records_plain"


def need(churn: pd.DataFrame | None) -> pd.DataFrame:
    """Return the forecast, or say that there is nothing to act on without one.

    Raises
    ------
    NotEnoughDataError
        ``campaign_no_forecast``: the run has no forecast of who leaves.
    """
    if churn is None or churn.empty:
        raise NotEnoughDataError("campaign_no_forecast")
    return churn


def build_campaign(
    churn: pd.DataFrame,
    stakes: pd.DataFrame,
    *,
    success_rate: float | None = None,
    cost: float | None = None,
    offer_cost: float = 0.0,
    left: Collection[str] = (),
) -> pd.DataFrame:
    """Build the list of accounts to act on: the expected gain of acting on each, or what it would take to pay.

    Of those who would leave, a share (the success rate) accepts what is offered and stays; whoever would have stayed anyway
    accepts it too. With p the probability of leaving, V the value at stake, g the success rate, d the cost of an accepted
    offer and f the cost of acting at all::

        expected gain = p * (g * V + (1 - g) * d) - d - f

    No figure is made up: without a success rate there is no gain but the rate at which acting begins to pay,
    ``(f + d * (1 - p)) / (p * (V - d))``, and without a cost neither.

    Where the page on churn multiplies no probability by money (``overdue``), nor does this one: the list has the same accounts
    in the same order, and each counts as if it would leave (p is 1), so that all figures are the most that can be.

    Parameters
    ----------
    churn : customer_id, churn_probability; where it has them silence (who has ordered once is left out: such accounts have a list
        of their own) and stake_basis, with it sales_at_risk
    stakes : as ``find_stakes`` returns it
    success_rate, cost, offer_cost : g, f and d, the company's own; None where they are not known
    left : accounts that no offer can reach any more, since they have left

    Returns
    -------
    DataFrame
        One row per account that can be reached and whose probability and value are known, best first: customer_id, churn_probability,
        value_at_stake, stake_basis, campaign_rank (equal ones share it), expected_loss (probability times value; not where
        ``overdue``); with a cost break_even_rate (NaN where even a sure success would not pay), with a success rate
        break_even_cost (at which acting no longer pays; 0 at least), with both expected_cost, expected_gain and act (down to
        where the list pays most).

    Raises
    ------
    NotEnoughDataError
        ``campaign_nobody``: nobody can be reached, or nothing is at stake; ``campaign_nobody_overdue``: nobody is silent beyond its rhythm.

    Source: Neslin, Gupta, Kamakura, Lu and Mason (2006), J. Marketing Research 43, p. 204, equation 1, for one account; as in
    Verbraken, Verbeke and Baesens (2013), IEEE Trans. Knowledge and Data Engineering 25, equation 1.

    Examples
    --------
    >>> churn = pd.DataFrame({"customer_id": ["a", "b"], "churn_probability": [0.5, 0.1]})
    >>> stakes = pd.DataFrame({"customer_id": ["a", "b"], "value_at_stake": [1000.0, 200.0]})
    >>> table = build_campaign(churn, stakes, success_rate=0.2, cost=10.0)
    >>> table[["customer_id", "expected_loss", "break_even_rate", "expected_gain", "act"]].values.tolist()
    [['a', 500.0, 0.02, 90.0, True], ['b', 20.0, 0.5, -6.0, False]]
    """
    check_columns(churn, ["customer_id", "churn_probability"], name="churn")
    check_key(churn, ["customer_id"], name="churn")
    table = _choose(churn, stakes, left=left)
    leaving, stake = _leaving(table), table["value_at_stake"]
    best = (leaving * stake).round(2)
    if table["stake_basis"].iloc[0] == "away":
        table["expected_loss"] = best
    if cost is not None:
        kept = leaving * (stake - offer_cost)
        rate = ((cost + offer_cost * (1 - leaving)) / kept).where(kept > 0)
        table["break_even_rate"] = rate.where(rate <= 1)
    if success_rate is not None:
        before_cost = leaving * (success_rate * stake + (1 - success_rate) * offer_cost) - offer_cost
        table["break_even_cost"] = before_cost.clip(lower=0).round(2)
        best = before_cost.round(2)
    if cost is not None and success_rate is not None:
        accepted = leaving * success_rate + (1 - leaving)
        table["expected_cost"] = (cost + offer_cost * accepted).round(2)
        table["expected_gain"] = best = (before_cost - cost).round(2)
    order = table.pop("sales_at_risk")
    rank = (best if table["stake_basis"].iloc[0] == "away" else order).rank(ascending=False, method="min")
    table["campaign_rank"] = rank.astype(int)
    table = table.sort_values(["campaign_rank", "customer_id"], ignore_index=True)
    if "expected_gain" in table:
        table["act"] = np.arange(len(table)) < int(_add_up(table["expected_gain"]).argmax())
    return table


def _choose(churn: pd.DataFrame, stakes: pd.DataFrame, *, left: Collection[str]) -> pd.DataFrame:
    """Return the accounts that can be reached and have something at stake, with it and with their place on the page on churn."""
    basis = find_basis(churn)
    rows = churn[~churn["customer_id"].isin(list(left))]
    if "silence" in rows:
        rows = rows[rows["silence"] != "one_order"]
    if basis == "overdue":
        rows = rows[rows["sales_at_risk"] > 0]
    order = rows["sales_at_risk"] if "sales_at_risk" in rows else 0.0
    table = rows[["customer_id", "churn_probability"]].assign(sales_at_risk=order, stake_basis=basis)
    table = table.merge(stakes[["customer_id", "value_at_stake"]], on="customer_id", validate="1:1")
    table = table[table["value_at_stake"].notna() & _leaving(table).notna()]
    if not (table["value_at_stake"] * _leaving(table) > 0).any():
        raise NotEnoughDataError(
            "campaign_nobody_overdue" if basis == "overdue" else "campaign_nobody", accounts=len(churn)
        )
    return table[["customer_id", "churn_probability", "value_at_stake", "stake_basis", "sales_at_risk"]]


def _leaving(table: pd.DataFrame) -> pd.Series:
    """Return the probability that counts: each account's own or, where none is multiplied by money, that all leave."""
    return (
        table["churn_probability"].where(table["stake_basis"] == "away", 1.0)
        if "stake_basis" in table
        else table["churn_probability"]
    )


def _loss(table: pd.DataFrame) -> pd.Series:
    return table["expected_loss"] if "expected_loss" in table else table["value_at_stake"]


def summarise_gain(campaign: pd.DataFrame) -> pd.DataFrame:
    """Summarise the expected profit of acting on the first n accounts: by expected gain, and by probability alone.

    Returns
    -------
    DataFrame
        One row per number of accounts from 0 (thinned to some hundreds, both peaks among them): accounts, gain,
        gain_by_risk, is_peak, is_risk_peak.
    """
    by_gain = campaign["expected_gain"]
    risk = campaign.sort_values(["churn_probability", "customer_id"], ascending=[False, True])["expected_gain"]
    gain, by_risk = (_add_up(values) for values in (by_gain, risk))
    peak, risk_peak = int(gain.argmax()), int(by_risk.argmax())
    shown = np.unique([*np.linspace(0, len(campaign), POINTS).round().astype(int), peak, risk_peak])
    shown = shown[shown <= len(campaign)]
    return pd.DataFrame(
        {
            "accounts": shown,
            "gain": gain[shown],
            "gain_by_risk": by_risk[shown],
            "is_peak": shown == peak,
            "is_risk_peak": shown == risk_peak,
        }
    )


def summarise_sizes(
    campaign: pd.DataFrame, *, cost: float | None = None, offer_cost: float = 0.0, sizes: Sequence[int] = SIZES
) -> pd.DataFrame:
    """Summarise the first ten, twenty, fifty ... accounts together: what hangs on them, and what it takes to pay.

    Returns
    -------
    DataFrame
        One row per number of accounts below all, and all: accounts, leaving (how many are expected to leave) and expected_loss (where no
        probability is multiplied by money value_at_stake instead of both),
        worth_per_point (what one hundredth of success brings per account), last_worth_per_point (of the last one alone); with
        a cost needed_rate (of success, for all of them together) and last_needed_rate; NaN where not even a sure success pays.
    """
    count = len(campaign)
    rows = []
    for size in [*[size for size in sizes if size < count], count]:
        own = campaign.head(size)
        leaving, loss = _leaving(own), add(_loss(own))
        at_stake = {"leaving": float(leaving.sum()), "expected_loss": loss}
        if find_basis(own) == "overdue":
            at_stake = {"value_at_stake": loss}
        row = {
            "accounts": size,
            **at_stake,
            "worth_per_point": loss / size / 100,
            "last_worth_per_point": float(_loss(own).iloc[-1]) / 100,
        }
        if cost is not None:
            kept = loss - offer_cost * float(leaving.sum())
            needed = (cost * size + offer_cost * (size - float(leaving.sum()))) / kept if kept > 0 else nan
            row["needed_rate"] = needed if needed <= 1 else nan
            row["last_needed_rate"] = float(own["break_even_rate"].iloc[-1])
        rows.append(row)
    return pd.DataFrame(rows)


def summarise_needs(campaign: pd.DataFrame) -> pd.DataFrame:
    """Summarise which success rate each next account needs to pay, easiest first; those that can't pay are left out.

    Returns
    -------
    DataFrame
        One row per number of accounts (thinned to some hundreds): accounts, needed_rate.
    """
    rates = campaign["break_even_rate"].dropna().sort_values(ignore_index=True)
    shown = np.unique(np.linspace(1, max(len(rates), 1), POINTS).round().astype(int))
    shown = shown[shown <= len(rates)]
    return pd.DataFrame({"accounts": shown, "needed_rate": rates.to_numpy()[shown - 1]})


def summarise_rates(
    campaign: pd.DataFrame,
    *,
    cost: float,
    offer_cost: float = 0.0,
    success_rate: float | None = None,
    rates: Sequence[float] = RATES,
) -> pd.DataFrame:
    """Summarise how many accounts are worth acting on at each success rate, and what that costs and brings.

    Returns
    -------
    DataFrame
        One row per rate, the company's own among them: success_rate, is_given, accounts, expected_cost, expected_gain (0
        where nobody is worth it).
    """
    rows = []
    leaving, stake = _leaving(campaign), campaign["value_at_stake"]
    for rate in sorted({*rates, *([success_rate] if success_rate is not None else [])}):
        gain = (leaving * (rate * stake + (1 - rate) * offer_cost) - offer_cost - cost).round(2)
        acted = gain > 0
        if find_basis(campaign) == "overdue":  # in the order of the list, which does not change with the rate
            acted = np.arange(len(gain)) < int(_add_up(gain).argmax())
        spent = (cost + offer_cost * (leaving * rate + 1 - leaving))[acted]
        rows.append((rate, rate == success_rate, int(acted.sum()), add(spent), add(gain[acted])))
    return pd.DataFrame(rows, columns=["success_rate", "is_given", "accounts", "expected_cost", "expected_gain"])


def describe_campaign(
    campaign: pd.DataFrame, *, success_rate: float | None, cost: float | None, offer_cost: float = 0.0
) -> dict[str, object]:
    """Describe the list in facts, and how much is known.

    Returns
    -------
    dict
        reached (accounts), leaving, stake_basis, expected_loss (``overdue``: the value of all), first_loss_share (share of it that the first tenth holds),
        first_accounts, and ``mode``: ``gain`` with both figures: acted, acted_cost, gain, gain_by_risk (at its own best),
        gain_all (of acting on all), risk_accounts; ``rate`` with a cost alone: payable (accounts that a sure success pays
        for), ten and its ten_rate, and half_rate (needed for the account in the middle of the list); ``cost`` with a success
        rate alone: first_cost, middle_cost (at which acting on the first, and the middle one, no longer pays); ``worth`` with
        neither: first_worth, middle_worth (what a hundredth of success is worth).
    """
    loss = add(_loss(campaign))
    first = max(len(campaign) // 10, 1)
    middle = campaign.iloc[len(campaign) // 2]
    facts: dict[str, object] = {
        "reached": len(campaign),
        "leaving": float(_leaving(campaign).sum()),
        "stake_basis": find_basis(campaign),
        "expected_loss": loss,
        "first_accounts": first,
        "first_loss_share": add(_loss(campaign).nlargest(first)) / loss,
        "mode": "worth",
    }
    if success_rate is not None and cost is not None:
        curve, acted = summarise_gain(campaign), campaign[campaign["act"]]
        return facts | {
            "mode": "gain",
            "acted": len(acted),
            "acted_leaving": float(_leaving(acted).sum()),
            "acted_cost": add(acted["expected_cost"]),
            "gain": add(acted["expected_gain"]),
            "gain_by_risk": float(curve["gain_by_risk"].max()),
            "risk_accounts": int(curve.loc[curve["is_risk_peak"], "accounts"].iloc[0]),
            "gain_all": float(curve["gain"].iloc[-1]),
            "gain_more": add(acted["expected_gain"]) - float(curve["gain_by_risk"].max()),
        }
    if cost is not None:
        rates = campaign["break_even_rate"].dropna().sort_values()
        ten = min(10, len(rates))
        return facts | {
            "mode": "rate",
            "payable": len(rates),
            "ten": ten,
            "ten_rate": float(rates.iloc[ten - 1]) if ten else nan,
            "half": -(-len(rates) // 2),
            "half_rate": float(rates.iloc[-(-len(rates) // 2) - 1]) if ten else nan,
        }
    if success_rate is not None:
        return facts | {
            "mode": "cost",
            "first_cost": float(campaign["break_even_cost"].iloc[0]),
            "middle_cost": float(middle["break_even_cost"]),
        }
    return facts | {
        "first_worth": float(_loss(campaign).iloc[0]) / 100,
        "middle_worth": float(_loss(campaign).iloc[len(campaign) // 2]) / 100,
    }


def compare_rankings(campaign: pd.DataFrame, *, first: int) -> dict[str, object]:
    """Compare the list with one by probability alone: how many of the first are the same, and what hangs on each.

    Parameters
    ----------
    first : how many accounts of each list

    Returns
    -------
    dict
        compared (accounts), shared (how many are on both), loss_by_list, loss_by_risk (expected loss of each list's accounts)
    """
    own = campaign.head(first)
    risk = campaign.sort_values(["churn_probability", "customer_id"], ascending=[False, True]).head(first)
    return {
        "compared": len(own),
        "shared": int(own["customer_id"].isin(risk["customer_id"]).sum()),
        "loss_by_list": add(_loss(own)),
        "loss_by_risk": add(_loss(risk)),
    }


def find_left(churn: pd.DataFrame) -> list[str]:
    """Find the accounts that are known to have left, by the company's word or an ended contract: no offer reaches them.

    Parameters
    ----------
    churn : customer_id and, where it has it, known_as (why an account is known to have left)

    Examples
    --------
    >>> find_left(pd.DataFrame({"customer_id": ["a", "b"], "known_as": [None, "said_left"]}))
    ['b']
    """
    return sorted(churn.loc[churn["known_as"].notna(), "customer_id"]) if "known_as" in churn else []


def find_answer(facts: Mapping[str, object]) -> list[str]:
    """Find the sentences of the answer, below ``campaign``: what is at stake, and whether acting pays."""
    mode, overdue = str(facts["mode"]), "_overdue" if facts["stake_basis"] == "overdue" else ""
    if mode == "gain":
        reach = find_reach(facts)
        return [f"answer.gain{reach}{'' if reach == '_none' else overdue}"]
    return [
        f"at_stake{overdue}",
        f"answer.{mode}_none" if mode == "rate" and not facts["payable"] else f"answer.{mode}",
    ]


def find_reach(facts: Mapping[str, object]) -> str:
    """Find whether acting pays on nobody (``_none``), on everybody (``_all``) or on some (empty)."""
    return "_none" if not facts["acted"] else "_all" if facts["acted"] == facts["reached"] else ""


def list_kpis(facts: Mapping[str, object]) -> list[str]:
    """List the figures at the head of the page, as words below ``campaign.kpi``."""
    own = {
        "gain": ["acted", "acted_cost", "gain", "loss"],
        "rate": ["loss", "ten_rate", "half_rate", "payable"],
        "cost": ["loss", "first_cost", "middle_cost", "reached"],
        "worth": ["loss", "first_worth", "middle_worth", "reached"],
    }
    names = own[str(facts["mode"])]
    if facts["stake_basis"] == "away":
        return names
    return [f"{name}_overdue" if name in ("gain", "loss", "reached") else name for name in names]


def _add_up(gains: pd.Series) -> np.ndarray:
    """Add up money from nothing on, to the cent."""
    cents = np.round(gains.to_numpy() * 100).astype(np.int64)
    return np.concatenate([[0], np.cumsum(cents)]) / 100
