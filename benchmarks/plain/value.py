"""What is each account worth? Orders expected by a purchase model, money per order, 36 months discounted, and intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import purchase
from silence import DAY, states

MONTH = 365.25 / 12
MONTHS, RATE, DRAWS = 36, 0.1, 400


def analyse(
    customers: pd.DataFrame, days: pd.DataFrame, as_of: pd.Timestamp, horizon: int, active: int
) -> pd.DataFrame:
    """Return the table of what each account is worth."""
    known = purchase.histories(days, as_of)
    code, model = choose(days, known, as_of, horizon)
    order = customers.set_index("customer_id").loc[known.index]
    sales, earned = (per_order(days, order, as_of, what) for what in ("net_sales", "margin"))
    spend, margin = purchase.Spend(sales), purchase.Spend(earned)
    alive, orders = model.alive(known), model.expect(known, horizon)
    until = np.array([np.zeros(len(known)), *(model.expect(known, n * MONTH) for n in range(1, MONTHS + 1))])
    discounted = ((1 + RATE) ** (-(np.arange(MONTHS) + 0.5) / 12) @ np.diff(until, axis=0)) if MONTHS else until[0]
    table = pd.DataFrame({"customer_id": known.index, "p_alive": alive, "expected_orders": orders})
    table["sales_per_order"], table["margin_per_order"] = spend.expect(sales), margin.expect(earned)
    table["expected_sales"] = orders * table.sales_per_order
    table["clv"] = discounted * table.margin_per_order
    table["clv_if_active"] = np.where(alive > 1e-9, table.clv / np.where(alive > 1e-9, alive, 1), 0)
    soon = model.draw(known, horizon, draws=DRAWS, seed=0)
    later = model.draw(known, MONTHS * MONTH, draws=DRAWS, seed=1)
    factor = np.where(until[-1] > 0, discounted / np.where(until[-1] > 0, until[-1], 1), 1)[:, None]
    drawn = {
        "expected_orders": soon,
        "expected_sales": spend.draw(sales, soon, seed=2),
        "clv": margin.draw(earned, later, seed=3) * factor,
    }
    for name, figures in drawn.items():
        ordered = np.sort(figures, axis=1)
        table[f"{name}_low"], table[f"{name}_high"] = ordered[:, DRAWS // 10 - 1], ordered[:, DRAWS * 9 // 10 - 1]
    longest = days.groupby("customer_id").order_date.diff().dt.days.groupby(days.customer_id).max()
    table["pause_is_usual"] = (alive < 0.5) & (
        order.days_since_last_order <= longest.reindex(known.index).fillna(-1)
    ).to_numpy()
    table = table.assign(clv_basis="margin", value_months=MONTHS, horizon_days=horizon, purchase_model=code)
    now = states(days, as_of, active)
    return table.merge(
        pace(customers, days, as_of, now[now.silence.isin(["pausing", "quiet", "lapsed", "lost"])].customer_id),
        on="customer_id",
        how="left",
    )


def choose(days: pd.DataFrame, known: pd.DataFrame, as_of: pd.Timestamp, horizon: int) -> tuple[str, purchase.Model]:
    """Choose the likeliest model that converged, unless another forecast the last horizon better by more than chance."""
    fitted = {code: model(known) for code, model in purchase.MODELS.items()}
    able = {code for code, model in fitted.items() if model.converged} or set(fitted)
    likeliest = max(able, key=lambda code: fitted[code].height)
    cut = as_of - horizon * DAY
    then = purchase.histories(days, cut)
    came = days[days.order_date > cut].groupby("customer_id").size().reindex(then.index, fill_value=0).to_numpy()
    errors = {code: (purchase.MODELS[code](then).expect(then, horizon) - came) ** 2 for code in able}
    best = min(errors, key=lambda code: errors[code].mean())
    gain = errors[likeliest] - errors[best]
    sure = best != likeliest and gain.mean() > 1.96 * gain.std(ddof=1) / np.sqrt(len(gain))
    code = best if sure else likeliest
    return code, fitted[code]


def per_order(days: pd.DataFrame, customers: pd.DataFrame, as_of: pd.Timestamp, money: str) -> pd.DataFrame:
    """Return order days and money per order of the last year, returns taken off; of all years for who has none in it."""
    lately = (
        days[days.order_date > as_of - 365 * DAY].groupby("customer_id").size().reindex(customers.index, fill_value=0)
    )
    every = days.groupby("customer_id").size().reindex(customers.index)
    frequency = lately.where(lately > 0, every)
    total = customers[f"{money}_365_days"].where(lately > 0, customers[money])
    return pd.DataFrame({"frequency": frequency, "mean_value": total / frequency})


def pace(customers: pd.DataFrame, days: pd.DataFrame, as_of: pd.Timestamp, stopped: pd.Series) -> pd.DataFrame:
    """Return whose rate of sales rose or fell beyond its noise: changes of two whole years, drawn towards the book's."""
    c = customers[~customers.customer_id.isin(stopped)].set_index("customer_id")
    whole = (c.tenure_days >= 730) & (c.orders_365_days > 0) & (c.orders_365_days_last_year > 0)
    c = c[whole & (c.net_sales_365_days > 0) & (c.net_sales_365_days_last_year > 0)]
    change = np.log(c.net_sales_365_days / c.net_sales_365_days_last_year)
    noise = measure_noise(c.index, days, as_of)
    weight = 1 / noise
    mean = np.average(change, weights=weight)
    excess = (weight * (change - mean) ** 2).sum() - (len(c) - 1)
    true = max(0.0, excess / (weight.sum() - (weight**2).sum() / weight.sum()))
    book = np.average(change, weights=1 / (noise + true))
    own = true / (true + noise)
    drawn, reach = book + own * (change - book), 1.2815515655446004 * np.sqrt(own * noise)
    moved = np.expm1(drawn)
    rises = (drawn - reach > max(book, 0)) & (change > 0) & (moved >= 0.1)
    falls = (drawn + reach < 0) & (drawn < book) & (change < 0) & (moved <= -0.1)
    return pd.DataFrame(
        {
            "customer_id": c.index,
            "pace": np.select([rises, falls], ["rising", "falling"], "steady"),
            "pace_change": moved.to_numpy(),
        }
    )


def measure_noise(accounts: pd.Index, days: pd.DataFrame, as_of: pd.Timestamp) -> pd.Series:
    """Return the variance of each account's ratio of two years: half its own by twelfths, half what is usual."""
    back = (as_of - days.order_date).dt.days
    known = days.assign(back=back)[(back < 730) & days.customer_id.isin(accounts)]
    slot = known.back // 365 * 12 + known.back % 365 * 12 // 365
    money = (
        known.groupby(["customer_id", slot])
        .net_sales.sum()
        .unstack(fill_value=0.0)
        .reindex(index=accounts, columns=range(24), fill_value=0.0)
        .to_numpy()
    )
    now, then = money[:, :12], money[:, 12:]
    sold, before = now.sum(axis=1), then.sum(axis=1)
    sound = (sold > 0) & (before > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = pd.Series(((now - then * (sold / before)[:, None]) ** 2).sum(axis=1) / sold**2 * 12 / 11, accounts).where(
            sound
        )
    counts = (
        known.groupby(["customer_id", known.back // 365])
        .size()
        .unstack(fill_value=0)
        .reindex(index=accounts, columns=[0, 1], fill_value=0)
    )
    few = (1 / counts.clip(lower=1)).sum(axis=1)
    usual = (own / few).median() * few
    return ((own.fillna(usual) + usual) / 2).clip(lower=1e-6)
