"""Which purchase model, and is it better than a simple rule? Each fitted at an earlier date and held against what came since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd

from kalib.errors import NotEnoughDataError
from kalib.money import add
from kalib.schema import check_columns, check_key
from kalib.topics.value import PurchaseModel, find_edges
from kalib.topics.value_orders import OrderValue, SpendModel, summarise_value

RULES = ("before", "last_year", "average")
"""As many orders as in as many days before; as in the same days a year before; at the customer's average rate."""

MOST_HELD = 20_000
"""Customers whose intervals are compared with what came; of more, every n-th: the share that held is then sure to half a point."""

_SURE = 1.96
_YEAR = 365
_LEAST_DAYS = 180
_TOTALS = ["as_of", "horizon_days", "expected_orders", "actual_orders", "expected_sales", "actual_sales"]
_CLASSES = (0, 1, 2, 4, 8, 16, 32, 64, 128)


class FittedModel(PurchaseModel, Protocol):
    """A purchase model that says how it was fitted."""

    converged_: bool
    log_likelihood_: float


class _Parametric(Protocol):
    params_: pd.Series
    standard_errors_: pd.Series


class Forecast(Protocol):
    """A forecast of everybody known at each of several dates, from what was known then, as ``forecast_at``."""

    def __call__(self, order_days: pd.DataFrame, dates: Sequence[dt.date], *, horizon_days: float) -> pd.DataFrame: ...


@dataclass(frozen=True)
class Past:
    """Models of an earlier date, held against what came since.

    Attributes
    ----------
    cut : the earlier date
    models : by code, fitted to what was known at the cut
    review, forecasts : as from ``review_models``; None where no hold-out could be made
    reason, facts : why not, else empty
    """

    cut: dt.date | None = None
    models: Mapping[str, FittedModel] = field(default_factory=dict)
    review: pd.DataFrame | None = None
    forecasts: pd.DataFrame | None = None
    reason: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


def review_past(
    order_days: pd.DataFrame,
    *,
    as_of: dt.date,
    horizon_days: int,
    summarise: Callable[..., pd.DataFrame],
    fit: Callable[[pd.DataFrame], Mapping[str, FittedModel]],
    spend_model: SpendModel,
    interval: float = 0.8,
) -> Past:
    """Fit all models to what was known one horizon before ``as_of``, and hold them against what came since.

    Parameters
    ----------
    summarise : order_days and ``as_of`` to histories, as ``summarise_histories``
    fit : histories to fitted models by code, as ``fit_models``
    spend_model : of the value per order, not fitted yet
    """
    cuts = list_cuts(order_days, as_of=as_of, horizon_days=horizon_days)
    if not cuts:
        first = pd.to_datetime(order_days["order_date"]).min().date()
        needed = max(_LEAST_DAYS, horizon_days) + horizon_days
        return Past(reason="value_history", facts={"needed_days": needed, "has_days": (as_of - first).days})
    cut = cuts[0]
    try:
        histories = summarise(order_days, as_of=cut)
        models = fit(histories)
    except NotEnoughDataError as error:
        return Past(reason=error.reason, facts=error.facts)
    spend = summarise_value(order_days, as_of=cut)
    sales = OrderValue(spend_model).fit(spend)
    review, forecasts = review_models(
        models, histories, spend, sales, order_days, cut=cut, horizon_days=horizon_days, interval=interval
    )
    return Past(cut, models, review, forecasts)


def list_cuts(
    order_days: pd.DataFrame, *, as_of: dt.date, horizon_days: int, most: int = 4, least_days: int = _LEAST_DAYS
) -> list[dt.date]:
    """List the earlier dates at which a forecast can be held against what came since, newest first.

    One horizon, two horizons and so on before ``as_of``, so that no window overlaps another and each has as many days of
    history before it as a horizon, 180 days at least. There may be none.

    Examples
    --------
    >>> orders = pd.DataFrame({"order_date": ["2025-01-01", "2026-06-30"]})
    >>> list_cuts(orders, as_of=dt.date(2026, 6, 30), horizon_days=150)
    [datetime.date(2026, 1, 31), datetime.date(2025, 9, 3)]
    """
    first = pd.to_datetime(order_days["order_date"]).min().date()
    cuts = [as_of - dt.timedelta(days=horizon_days * back) for back in range(1, most + 1)]
    cuts = [cut for cut in cuts if (cut - first).days >= max(least_days, horizon_days)]
    return cuts


def sum_window(order_days: pd.DataFrame, customers: pd.Series, *, after: dt.date, days: int) -> pd.DataFrame:
    """Sum what each of ``customers`` ordered in so many days after a date, that day left out.

    Returns
    -------
    DataFrame
        One row per customer, in their order: customer_id, order_days, net_sales (returns taken off); nought without any.
    """
    check_columns(order_days, ["customer_id", "order_date", "orders", "net_sales"], name="order_days")
    date = pd.to_datetime(order_days["order_date"])
    start = pd.Timestamp(after)
    inside = order_days[(date > start) & (date <= start + pd.Timedelta(days=days))]
    ordered = inside[inside["orders"] > 0].drop_duplicates(["customer_id", "order_date"])["customer_id"].value_counts()
    cents = np.rint(inside["net_sales"] * 100).groupby(inside["customer_id"]).sum() / 100
    return pd.DataFrame(
        {
            "customer_id": customers.to_numpy(),
            "order_days": customers.map(ordered).fillna(0).to_numpy("int64"),
            "net_sales": customers.map(cents).fillna(0).to_numpy(float),
        }
    )


def forecast_rules(
    order_days: pd.DataFrame, histories: pd.DataFrame, *, cut: dt.date, horizon_days: int
) -> dict[str, pd.DataFrame]:
    """Forecast order days and net sales by rules that need no model, from what was known at the cut.

    Returns
    -------
    dict
        Rule to DataFrame, one row per history: order_days, net_sales. ``last_year`` is absent where the history at the cut
        does not reach back a year.
    """
    known = order_days[pd.to_datetime(order_days["order_date"]) <= pd.Timestamp(cut)]
    customers = histories["customer_id"]
    start = pd.to_datetime(known["order_date"]).min().date()
    found = {"before": sum_window(known, customers, after=cut - dt.timedelta(days=horizon_days), days=horizon_days)}
    year_before = cut - dt.timedelta(days=_YEAR)
    if year_before >= start - dt.timedelta(days=1) and horizon_days <= _YEAR:
        found["last_year"] = sum_window(known, customers, after=year_before, days=horizon_days)
    age = histories["age"].to_numpy(float)
    pace = np.divide(horizon_days, age, out=np.zeros(len(age)), where=age > 0)
    whole = sum_window(known, customers, after=start - dt.timedelta(days=1), days=(cut - start).days + 1)
    found["average"] = pd.DataFrame(
        {
            "customer_id": customers.to_numpy(),
            "order_days": histories["frequency"].to_numpy(float) * pace,
            "net_sales": whole["net_sales"] / whole["order_days"] * histories["frequency"].to_numpy(float) * pace,
        }
    )
    return found


def review_models(
    models: Mapping[str, FittedModel],
    histories: pd.DataFrame,
    spend: pd.DataFrame,
    sales: OrderValue,
    order_days: pd.DataFrame,
    *,
    cut: dt.date,
    horizon_days: int,
    interval: float = 0.8,
    draws: int = 200,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hold models and simple rules, all from what was known at a cut, against what came within the horizon after it.

    Parameters
    ----------
    models : by code, fitted to ``histories`` in days
    histories, spend, sales : of the cut
    order_days : up to the end of the window at least; what came after it is not looked at
    interval : share that the models' intervals promise to hold

    Returns
    -------
    review : DataFrame
        One row per model and rule: method, is_rule, converged, log_likelihood (NaN for rules), expected_orders, actual_orders, orders_error (share by
        which the total is off), orders_mae, orders_rmse (per customer), expected_sales, actual_sales, sales_error, sales_mae,
        sales_rmse, orders_held, sales_held (share of customers whose figure lay within the interval; NaN for rules), orders_held_open, sales_held_open (the same of customers whose interval is not just nought).
    forecasts : DataFrame
        One row per customer: customer_id, frequency, actual_orders, actual_sales, and by each method the expected orders, under its
        code, and net sales, under its code and ``_sales``.
    """
    check_key(histories, ["customer_id"], name="histories")
    actual = sum_window(order_days, histories["customer_id"], after=cut, days=horizon_days)
    spend = histories[["customer_id"]].merge(spend, on="customer_id", how="left", validate="1:1")
    came = actual[["order_days", "net_sales"]].set_axis(["actual_orders", "actual_sales"], axis=1)
    forecasts = pd.concat([histories[["customer_id", "frequency"]].reset_index(drop=True), came], axis=1)
    per_order, rows = sales.expected_value(spend), []
    for code, model in models.items():
        expected = pd.DataFrame({"order_days": model.expected_orders(histories, horizon_days)})
        expected["net_sales"] = expected["order_days"] * per_order
        held = _hold(model, histories, spend, sales, actual, horizon_days, interval=interval, draws=draws, seed=seed)
        about = {
            "method": code,
            "is_rule": False,
            "converged": model.converged_,
            "log_likelihood": model.log_likelihood_,
        }
        rows.append(about | _compare(expected, actual) | held)
        forecasts[code], forecasts[f"{code}_sales"] = expected["order_days"], expected["net_sales"]
    for code, expected in forecast_rules(order_days, histories, cut=cut, horizon_days=horizon_days).items():
        rows.append({"method": code, "is_rule": True, "converged": True} | _compare(expected, actual))
        forecasts[code], forecasts[f"{code}_sales"] = expected["order_days"], expected["net_sales"]
    return pd.DataFrame(rows), forecasts


def _compare(expected: pd.DataFrame, actual: pd.DataFrame) -> dict[str, float]:
    out: dict[str, float] = {}
    for name, column in (("orders", "order_days"), ("sales", "net_sales")):
        guess, came = expected[column].to_numpy(float), actual[column].to_numpy(float)
        total = add(came)
        out |= {
            f"expected_{name}": add(guess),
            f"actual_{name}": total,
            f"{name}_error": add(guess) / total - 1 if total > 0 else np.nan,
            f"{name}_mae": float(np.abs(guess - came).mean()),
            f"{name}_rmse": float(np.sqrt(np.square(guess - came).mean())),
        }
    return out


def _hold(
    model: PurchaseModel,
    histories: pd.DataFrame,
    spend: pd.DataFrame,
    sales: OrderValue,
    actual: pd.DataFrame,
    horizon_days: int,
    *,
    interval: float,
    draws: int,
    seed: int,
) -> dict[str, float]:
    every = slice(None, None, max(1, -(-len(histories) // MOST_HELD)))
    histories, spend, actual = histories.iloc[every], spend.iloc[every], actual.iloc[every]
    drawn = model.draw_orders(histories, horizon_days, draws=draws, seed=seed)
    spent = sales.draw_spend(spend, drawn, seed=seed + 1)
    held, is_open = {}, np.zeros(len(histories), bool)
    for name, column, values in (("orders", "order_days", drawn), ("sales", "net_sales", spent)):
        low, high = find_edges(values, interval)
        came = actual[column].to_numpy(float)
        held[name] = (low <= came) & (came <= high)
        if name == "orders":
            is_open = high > 0
    some = is_open.any()
    return {f"{name}_held": float(inside.mean()) for name, inside in held.items()} | {
        f"{name}_held_open": float(inside[is_open].mean()) if some else np.nan for name, inside in held.items()
    }


def choose_model(
    compared: pd.DataFrame, review: pd.DataFrame | None, forecasts: pd.DataFrame | None
) -> dict[str, object]:
    """Choose the purchase model by likelihood, unless the hold-out speaks against it by more than chance.

    The likeliest of those that converged is taken. Another that converged goes before it where its squared errors at the
    hold-out are lower by more than 1.96 standard errors of the mean difference over customers; of several such the one with the lowest error.

    Parameters
    ----------
    compared : model, log_likelihood, converged, chosen: as fitted at the report's date
    review, forecasts : as from ``review_models``; None where no hold-out could be made

    Returns
    -------
    dict
        model, likeliest (code), why (``likelihood``, ``both``: it is also the best at the hold-out, ``equal``: another's error is lower by no more
        than chance, ``holdout``), and with a hold-out also customers_then and, for orders and sales: _rule (the best of the simple rules, by squared error), _verdict
        (``beats``, ``equal``, ``worse``: the model's squared error against the rule's, by the same measure), _rmse, _mae, _error and the rule's, _held,
        _held_open, _expected_then, _actual_then.
    """
    likeliest = str(compared.loc[compared["chosen"], "model"].iloc[0])
    facts: dict[str, object] = {"model": likeliest, "likeliest": likeliest, "why": "likelihood"}
    if review is None or forecasts is None:
        return facts
    able = set(compared.loc[compared["converged"] | compared["chosen"], "model"])
    tried = review[~review["is_rule"] & review["method"].isin(able)].sort_values(["orders_rmse", "method"])
    best = str(tried["method"].iloc[0])
    if best == likeliest:
        facts["why"] = "both"
    else:
        sure = _gain(forecasts, best, likeliest) > _SURE
        facts |= {"why": "holdout", "model": best} if sure else {"why": "equal"}
    for what in ("orders", "sales"):
        facts |= _judge(forecasts, review, str(facts["model"]), what)
    return facts | {"customers_then": len(forecasts)}


def _judge(forecasts: pd.DataFrame, review: pd.DataFrame, model: str, what: str) -> dict[str, object]:
    """Return the best rule for orders or sales, and whether the model beats it by more than chance."""
    rules = review[review["is_rule"]].sort_values([f"{what}_rmse", "method"])
    rule = str(rules["method"].iloc[0])
    gain = _gain(forecasts, model, rule, what)
    one, other = (review.set_index("method").loc[code] for code in (model, rule))
    told = {f"{what}_rule": rule, f"{what}_verdict": "beats" if gain > _SURE else "worse" if gain < -_SURE else "equal"}
    for name in ("rmse", "mae", "error"):
        told |= {f"{what}_{name}": float(one[f"{what}_{name}"]), f"{what}_rule_{name}": float(other[f"{what}_{name}"])}
    for name in ("held", "held_open"):
        told[f"{what}_{name}"] = float(one[f"{what}_{name}"])
    return told | {
        f"{what}_expected_then": float(one[f"expected_{what}"]),
        f"{what}_actual_then": float(one[f"actual_{what}"]),
    }


def _gain(forecasts: pd.DataFrame, one: str, other: str, what: str = "orders") -> float:
    """Return by how many standard errors the first method's squared errors are lower than the second's."""
    came = forecasts[f"actual_{what}"]
    one, other = (f"{code}_sales" if what == "sales" else code for code in (one, other))
    difference = (forecasts[other] - came) ** 2 - (forecasts[one] - came) ** 2
    error = difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else 0.0
    return float(difference.mean() / error) if error > 0 else 0.0


def review_totals(
    order_days: pd.DataFrame,
    dates: Sequence[dt.date],
    *,
    horizon_days: int,
    forecast: Forecast,
    spend_model: SpendModel,
) -> pd.DataFrame:
    """Hold the totals expected at several dates, each by models of its own past, against what came.

    Parameters
    ----------
    forecast : gives customer_id and expected_orders of everybody known at a date, from what was known then; a date at which it lacks
        the data is left out
    spend_model : of the value per order, fitted anew at each date

    Returns
    -------
    DataFrame
        One row per date, oldest first: as_of, horizon_days, expected_orders, actual_orders, expected_sales, actual_sales.
    """
    rows = []
    for date in sorted(dates):
        try:
            table = forecast(order_days, [date], horizon_days=horizon_days)
        except NotEnoughDataError:
            continue
        spend = table[["customer_id"]].merge(summarise_value(order_days, as_of=date), on="customer_id", validate="1:1")
        per_order = OrderValue(spend_model).fit(spend).expected_value(spend)
        came = sum_window(order_days, table["customer_id"], after=date, days=horizon_days)
        rows.append(
            {
                "as_of": date,
                "horizon_days": horizon_days,
                "expected_orders": add(table["expected_orders"]),
                "actual_orders": int(came["order_days"].sum()),
                "expected_sales": add(table["expected_orders"].to_numpy() * per_order),
                "actual_sales": add(came["net_sales"]),
            }
        )
    return pd.DataFrame(rows, columns=_TOTALS)


def list_year_cuts(order_days: pd.DataFrame, *, as_of: dt.date, most: int = 3) -> list[dt.date]:
    """List the dates whole years before ``as_of`` that have a year of history before them, newest first; there may be none."""
    first = pd.to_datetime(order_days["order_date"]).min().date()
    cuts = [as_of - dt.timedelta(days=_YEAR * back) for back in range(1, most + 1)]
    return [cut for cut in cuts if (cut - first).days >= _YEAR]


def describe_levels(totals: pd.DataFrame) -> dict[str, object]:
    """Return how far the totals were off: the root mean square of log(actual / expected) over the dates.

    Returns
    -------
    dict
        level_dates (how many; those where all totals are above nought), level_days (of the horizon), orders_spread, sales_spread (None without a
        date), and of sales level_low, level_high (smallest and largest actual over expected, less one),
        level_said (``more`` or ``less`` than forecast on every date, ``both``, ``once`` where there is a single date, ``none`` without one).

    Examples
    --------
    >>> totals = pd.DataFrame({"horizon_days": [90], "expected_orders": [100.0], "actual_orders": [125],
    ...     "expected_sales": [1000.0], "actual_sales": [800.0]})
    >>> told = describe_levels(totals)
    >>> round(told["orders_spread"], 3), round(told["sales_spread"], 3), round(told["level_low"], 3)
    (0.223, 0.223, -0.2)
    """
    told = totals[(totals[_TOTALS[2:]] > 0).all(axis=1)]
    facts: dict[str, object] = {"level_dates": len(told), "level_days": None, "level_low": None, "level_high": None}
    facts["level_said"] = "none"
    if told.empty:
        return facts | {"orders_spread": None, "sales_spread": None}
    for what in ("orders", "sales"):
        ratio = (told[f"actual_{what}"] / told[f"expected_{what}"]).to_numpy(float)
        facts[f"{what}_spread"] = float(np.sqrt(np.mean(np.square(np.log(ratio)))))
    low, high = float(ratio.min() - 1), float(ratio.max() - 1)
    days, said = int(told["horizon_days"].iloc[0]), "more" if low > 0 else "less" if high < 0 else "both"
    said = "once" if len(told) == 1 else said
    return facts | {"level_days": days, "level_low": low, "level_high": high, "level_said": said}


def compare_by_frequency(forecasts: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Compare the orders that came with those expected, by how often customers had come back before the cut.

    Classes are 0 to 7 and more where nine in ten came back less often, else 0, 1, 2 to 3, 4 to 7 and so on, doubling; a class
    with fewer than five customers goes to the one below it.

    Returns
    -------
    DataFrame
        One row per class: frequency_from, frequency_to (NaN in the last), customers, actual_orders and one column per method, all means per customer.

    Source: Fader, Hardie, Lee (2005), Marketing Science 24, figure 4.
    """
    frequency = forecasts["frequency"]
    few = frequency.quantile(0.9) <= 7
    edges = np.arange(8) if few else np.array(_CLASSES)
    edges = edges[edges <= frequency.max()]
    at = np.searchsorted(edges, frequency, side="right") - 1
    count = np.bincount(at, minlength=len(edges))
    kept = [0]
    for place in range(1, len(edges)):
        if count[place:].sum() >= 5 and count[place] >= 5:
            kept.append(place)
    edges = edges[kept]
    at = np.searchsorted(edges, frequency, side="right") - 1
    columns = ["actual_orders", *methods]
    table = forecasts[columns].astype(float).groupby(at).mean()
    table.insert(0, "frequency_from", edges[table.index])
    table.insert(1, "frequency_to", [*(edges[table.index][1:] - 1.0), np.nan])
    table.insert(2, "customers", np.bincount(at)[table.index])
    return table.reset_index(drop=True)


def track_periods(tracking: pd.DataFrame) -> pd.DataFrame:
    """Turn a tracking of cumulative repeat orders into that of each period between two dates.

    Parameters
    ----------
    tracking : one row per date, in order: date, repeats, expected_repeats, held_out

    Returns
    -------
    DataFrame
        One row per date after the first: date, actual, expected, held_out.
    """
    check_columns(tracking, ["date", "repeats", "expected_repeats", "held_out"], name="tracking")
    steps = tracking[["repeats", "expected_repeats"]].diff().iloc[1:].set_axis(["actual", "expected"], axis=1)
    steps.insert(0, "date", tracking["date"].iloc[1:])
    return steps.assign(held_out=tracking["held_out"].iloc[1:]).reset_index(drop=True)


def list_periods(order_days: pd.DataFrame, *, cut: dt.date, as_of: dt.date) -> tuple[list[dt.date], int]:
    """List dates to track by: the cut and whole periods before and after it, of one week, or of four in a history of over two years.

    Returns
    -------
    dates, and the days of a period
    """
    first = pd.to_datetime(order_days["order_date"]).min().date()
    days = 7 if (as_of - first).days <= 2 * _YEAR else 28
    before = range((cut - first).days // days, 0, -1)
    after = range((as_of - cut).days // days + 1)
    return [
        *(cut - dt.timedelta(days=days * n) for n in before),
        *(cut + dt.timedelta(days=days * n) for n in after),
    ], days


def describe_tracking(periods: pd.DataFrame) -> dict[str, object]:
    """Return by what share repeat orders lay above or below the expected curve, up to the end of the fit and after it.

    Returns
    -------
    dict
        seen_off, off (share; None where nothing was expected).
    """
    facts = {}
    for name, rows in (("seen_off", periods[~periods["held_out"]]), ("off", periods[periods["held_out"]])):
        expected = float(rows["expected"].sum())
        facts[name] = float(rows["actual"].sum()) / expected - 1 if expected > 0 else None
    return facts


def list_parameters(models: Mapping[str, _Parametric | None]) -> pd.DataFrame:
    """List the parameters of fitted models with their standard errors.

    Parameters
    ----------
    models : what each is for, to the model; None is left out

    Returns
    -------
    DataFrame
        One row per model and parameter, in their order: fitted_to, parameter, estimate, standard_error (NaN where the fit is not sure).
    """
    rows = [
        {
            "fitted_to": code,
            "parameter": name,
            "estimate": float(model.params_[name]),
            "standard_error": float(model.standard_errors_[name]),
        }
        for code, model in models.items()
        if model is not None
        for name in model.params_.index
    ]
    return pd.DataFrame(rows, columns=["fitted_to", "parameter", "estimate", "standard_error"])
