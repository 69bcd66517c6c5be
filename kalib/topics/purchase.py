"""Who still buys, and how often will they order? From nothing but the days on which they ordered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from kalib.errors import NotEnoughDataError
from kalib.schema import check_columns, check_key
from kalib.topics.purchase_fit import SAME, PurchaseModel
from kalib.topics.purchase_models import MODELS, make_model

EVEN = 2.0
"""Models that ran away and whose log-likelihoods lie no further apart than this are equally good."""

_PARAMETERS = tuple(dict.fromkeys(name for model in MODELS.values() for name in model.names))


def summarise_histories(order_days: pd.DataFrame, *, as_of: dt.date, unit_days: float = 1) -> pd.DataFrame:
    """Summarise each customer's orders up to a date by the three figures that purchase models learn from.

    Several orders of one day count once. Days without an order, on which goods only came back, do not count. Nothing
    after ``as_of`` is looked at, so a customer whose first order comes later is absent.

    Parameters
    ----------
    order_days : customer_id, order_date and, where there is one, orders
    as_of : the date up to which orders are known, that day included
    unit_days : days of the unit of time: 1 for days, 7 for weeks

    Returns
    -------
    DataFrame
        One row per customer, by customer_id: customer_id, frequency (order days after the first), recency (from the
        first order to the last), age (from the first order to ``as_of``).

    Raises
    ------
    NotEnoughDataError
        ``purchase_no_orders``: nobody ordered up to ``as_of``.

    Source: Fader, Hardie, Lee (2005): x, t_x and T.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["b", "a", "a", "a"], "orders": [1, 1, 2, 1],
    ...     "order_date": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-15", "2027-01-01"])})
    >>> summarise_histories(orders, as_of=dt.date(2026, 1, 29), unit_days=7).values.tolist()
    [['a', 1, 2.0, 4.0], ['b', 0, 0.0, 4.0]]
    """
    return _summarise(_read_days(order_days), as_of, unit_days)


def forecast_at(
    order_days: pd.DataFrame, dates: Sequence[dt.date], *, horizon_days: float, model: str = "bg_nbd"
) -> pd.DataFrame:
    """Forecast at each of several dates by a model that is fitted anew to what was known on that date.

    Parameters
    ----------
    order_days : customer_id, order_date and, where there is one, orders
    dates : the dates, each with its own past; orders after it are not looked at
    horizon_days : how far the forecast reaches
    model : code of a purchase model

    Returns
    -------
    DataFrame
        One row per date and customer who had ordered by then, sorted: as_of, customer_id, p_alive, expected_orders
        (order days within the horizon), converged (whether the fit of that date can be trusted).

    Raises
    ------
    NotEnoughDataError
        At one of the dates the model cannot be fitted.

    Examples
    --------
    >>> days = pd.date_range("2026-01-01", periods=12, freq="9D")
    >>> orders = pd.concat([pd.DataFrame({"customer_id": f"c{i:02}", "order_date": days[i % 7 : 12 - i % 5 : 1 + i % 4]}) for i in range(20)])
    >>> table = forecast_at(orders, [dt.date(2026, 3, 1), dt.date(2026, 4, 1)], horizon_days=30)
    >>> table.groupby("as_of").size().tolist()
    [20, 20]
    """
    days = _read_days(order_days)
    asked = sorted({pd.Timestamp(date) for date in dates})
    if not asked:
        raise ValueError("`dates` is empty; name at least one date to forecast at.")
    return forecast_dates({date: _summarise(days, date, 1) for date in asked}, horizon_days=horizon_days, model=model)


def forecast_dates(
    histories: Mapping[dt.date, pd.DataFrame], *, horizon_days: float, model: str = "bg_nbd"
) -> pd.DataFrame:
    """Fit a model to the histories of each date and forecast each of them.

    A fit begins at the parameters of the date before it, which are near; it ends at the same maximum as one that begins anywhere.

    Parameters
    ----------
    histories : by date, in its order: customer_id, frequency, recency, age, in days, as known on the date

    Returns
    -------
    DataFrame
        One row per date and history, in their order: as_of, customer_id, p_alive, expected_orders (order days within the
        horizon), converged (whether the fit can be trusted).

    Raises
    ------
    NotEnoughDataError
        The model cannot be fitted.

    Examples
    --------
    >>> known = pd.DataFrame({"customer_id": [f"c{i:02}" for i in range(17)], "frequency": [0] * 9 + [1, 1, 2, 3, 6, 9, 4, 2],
    ...     "recency": [0] * 9 + [2, 5, 8, 20, 28, 29, 6, 11], "age": 30})
    >>> forecast_dates({dt.date(2026, 6, 30): known}, horizon_days=30)["p_alive"].round(2).tolist()[:2]
    [1.0, 1.0]
    """
    tables, fitted = [], None
    for date, own in histories.items():
        fitted = make_model(model).fit(own, near=fitted)
        table = {
            "as_of": pd.Timestamp(date),
            "customer_id": own["customer_id"],
            "p_alive": fitted.p_alive(own),
            "expected_orders": fitted.expected_orders(own, horizon_days),
            "converged": fitted.converged_,
        }
        tables.append(pd.DataFrame(table).astype({"as_of": "datetime64[s]"}))
    return pd.concat(tables, ignore_index=True)


def fit_models(histories: pd.DataFrame, codes: Sequence[str] = tuple(MODELS)) -> dict[str, PurchaseModel]:
    """Fit several purchase models to the same histories, and return them by code.

    Raises
    ------
    NotEnoughDataError
        As each of the models.
    """
    return {code: make_model(code).fit(histories) for code in codes}


def compare_models(histories: pd.DataFrame, *, models: Mapping[str, PurchaseModel] | None = None) -> pd.DataFrame:
    """Compare purchase models by likelihood, and choose the likeliest of those that converged.

    All have four parameters, so that likelihood, AIC and BIC put them in the same order; of two whose log-likelihood is
    the same to .01, the first of ``models`` goes before. Where none converged, all three tend to a simpler model, often the
    same: then the first is chosen whose log-likelihood is within 2 of the best, and ``converged`` says what it is worth.

    Parameters
    ----------
    histories : customer_id, frequency, recency, age
    models : models by code, fitted to ``histories``; default: all of them, fitted here

    Returns
    -------
    DataFrame
        One row per model, likeliest first: model, log_likelihood, aic, bic, converged, edges (parameters that ran
        away, in one text), r, alpha, a, b, s, beta (NaN where the model has no such parameter), chosen.

    Examples
    --------
    >>> histories = pd.DataFrame({"frequency": [0] * 9 + [1, 1, 2, 3, 6, 9, 4, 2],
    ...     "recency": [0] * 9 + [2, 5, 8, 20, 28, 29, 6, 11], "age": 30})
    >>> compare_models(histories)[["model", "converged", "edges", "chosen"]].values.tolist()
    [['mbg_nbd', False, 'r', False], ['pareto_nbd', True, '', True], ['bg_nbd', True, '', False]]
    """
    fitted = models or fit_models(histories)
    rows = [
        {
            "model": code,
            "log_likelihood": model.log_likelihood_,
            "aic": model.aic_,
            "bic": model.bic_,
            "converged": model.converged_,
            "edges": " ".join(model.edges_),
            **model.params_.to_dict(),
        }
        for code, model in fitted.items()
    ]
    columns = ["model", "log_likelihood", "aic", "bic", "converged", "edges", *_PARAMETERS]
    table = pd.DataFrame(rows, columns=columns)
    table["likelihood"] = (table["log_likelihood"] / SAME).round()
    table = table.sort_values("likelihood", ascending=False, kind="stable", ignore_index=True)
    if table["converged"].any():
        best = table.index[table["converged"]][0]
    else:
        near = table["log_likelihood"] >= table["log_likelihood"].max() - EVEN
        best = min(table.index[near], key=lambda row: list(fitted).index(table.loc[row, "model"]))
    return table.assign(chosen=table.index == best).drop(columns="likelihood")


def expected_repeats(
    model: PurchaseModel, first_order_dates: pd.Series, dates: Sequence[dt.date], *, unit_days: float = 1
) -> pd.DataFrame:
    """Sum what a fitted model expects of its customers as new ones: their repeat orders by each of several dates.

    Parameters
    ----------
    model : fitted
    first_order_dates : of each customer; who orders first after a date has no part in it
    dates : dates up to which repeat orders count, that day included
    unit_days : days of the unit of time that the model was fitted in

    Returns
    -------
    DataFrame
        One row per date, in order: date, expected_repeats (cumulative).
    """
    first, count = np.unique(_to_days(first_order_dates), return_counts=True)
    days = np.unique(_to_days(pd.Series(list(dates))))
    ages = np.maximum(days[:, None] - first, 0)
    age, code = np.unique(ages, return_inverse=True)
    expected = model.expected_new(age / unit_days)[code.reshape(ages.shape)]
    table = pd.DataFrame({"date": days.astype("datetime64[D]").astype("datetime64[s]")})
    return table.assign(expected_repeats=(expected * count).sum(axis=1))


def track_repeats(
    model: PurchaseModel,
    order_days: pd.DataFrame,
    dates: Sequence[dt.date],
    *,
    as_of: dt.date,
    unit_days: float = 1,
) -> pd.DataFrame:
    """Compare the repeat orders that came with those expected, date by date: the tracking plot of the papers.

    Only customers whose first order was up to ``as_of`` count, with their orders after it too: that part is the hold-out.

    Returns
    -------
    DataFrame
        One row per date, in order: date, repeats (order days after the first, cumulative), expected_repeats, held_out
        (whether the date is after ``as_of``).

    Source: Fader, Hardie, Lee (2005), figure 3.
    """
    days = _read_days(order_days)
    repeat = days["customer_id"].duplicated()
    end = int(_to_days(pd.Series([as_of]))[0])
    first = days[~repeat & (days["day"] <= end)]
    if first.empty:
        raise NotEnoughDataError("purchase_no_orders", as_of=pd.Timestamp(as_of).date())
    ours = np.sort(days.loc[repeat & days["customer_id"].isin(first["customer_id"]), "day"].to_numpy())
    starts = pd.Series(first["day"].to_numpy().astype("datetime64[D]").astype("datetime64[s]"))
    table = expected_repeats(model, starts, dates, unit_days=unit_days)
    repeats = np.searchsorted(ours, _to_days(table["date"]), side="right")
    table.insert(1, "repeats", repeats.astype("int64"))
    return table.assign(held_out=table["date"] > pd.Timestamp(as_of))


def count_ahead(order_days: pd.DataFrame, *, as_of: dt.date, horizon_days: int) -> pd.DataFrame:
    """Count the order days that came within a horizon, of the customers who had ordered before it.

    Returns
    -------
    DataFrame
        One row per customer with an order up to ``as_of``, by customer_id: customer_id, order_days_ahead.
    """
    days = _read_days(order_days)
    end = int(_to_days(pd.Series([as_of]))[0])
    known = days.loc[days["day"] <= end, "customer_id"].unique()
    ahead = days.loc[(days["day"] > end) & (days["day"] <= end + horizon_days), "customer_id"].value_counts()
    counts = ahead.reindex(known, fill_value=0).astype("int64")
    return pd.DataFrame({"customer_id": known, "order_days_ahead": counts.to_numpy()})


def compare_by_frequency(
    histories: pd.DataFrame, expected_orders: np.ndarray, ahead: pd.DataFrame, *, most: int = 7
) -> pd.DataFrame:
    """Compare expected orders with those that came, by how often customers had come back: the papers' conditional plot.

    Parameters
    ----------
    histories : customer_id, frequency
    expected_orders : of each row of ``histories``, over the horizon that ``ahead`` is counted over
    ahead : customer_id, order_days_ahead, as from ``count_ahead``
    most : this frequency and all above it share one row

    Returns
    -------
    DataFrame
        One row per frequency: frequency (``most`` stands for so many and more), customers, expected_orders,
        actual_orders (both means per customer).
    """
    check_key(histories, ["customer_id"], name="histories")
    check_key(ahead, ["customer_id"], name="ahead")
    came = histories["customer_id"].map(ahead.set_index("customer_id")["order_days_ahead"])
    if came.isna().any():
        raise ValueError(f"`ahead` lacks {int(came.isna().sum())} customers of `histories`.")
    table = pd.DataFrame(
        {"frequency": histories["frequency"].clip(upper=most), "expected": expected_orders, "came": came}
    )
    table = table.sort_values(["frequency", "expected"]).groupby("frequency", as_index=False)
    return table.agg(customers=("came", "size"), expected_orders=("expected", "mean"), actual_orders=("came", "mean"))


def compare_counts(model: PurchaseModel, histories: pd.DataFrame, *, most: int = 7) -> pd.DataFrame:
    """Compare how many customers came back how often with how many the model expects, each over the time since it came.

    Parameters
    ----------
    model : fitted to ``histories``
    most : this number of repeat orders and all above it share one row

    Returns
    -------
    DataFrame
        One row per number of repeat orders: frequency (``most`` stands for so many and more), customers,
        expected_customers.

    Source: Fader, Hardie, Lee (2005), figure 2.
    """
    check_columns(histories, ["frequency", "age"], name="histories")
    age, count = np.unique(histories["age"].to_numpy(float), return_counts=True)
    expected = (model.count_probabilities(age, most=most - 1) * count[:, None]).sum(axis=0)
    seen = np.bincount(np.minimum(histories["frequency"], most), minlength=most + 1)
    rest = len(histories) - expected.sum()
    return pd.DataFrame(
        {"frequency": np.arange(most + 1), "customers": seen, "expected_customers": np.append(expected, rest)}
    )


def _to_days(dates: pd.Series) -> np.ndarray:
    return pd.to_datetime(dates).to_numpy().astype("datetime64[D]").astype(np.int64)


def _read_days(order_days: pd.DataFrame) -> pd.DataFrame:
    """Return customers and days with an order, each once, sorted."""
    check_columns(order_days, ["customer_id", "order_date"], name="order_days")
    rows = order_days[order_days["orders"] > 0] if "orders" in order_days else order_days
    table = pd.DataFrame({"customer_id": rows["customer_id"], "day": _to_days(rows["order_date"])})
    return table.sort_values(["customer_id", "day"], ignore_index=True).drop_duplicates(ignore_index=True)


def _summarise(days: pd.DataFrame, as_of: dt.date, unit_days: float) -> pd.DataFrame:
    end = int(_to_days(pd.Series([as_of]))[0])
    known = days[days["day"] <= end]
    if known.empty:
        raise NotEnoughDataError("purchase_no_orders", as_of=pd.Timestamp(as_of).date())
    customer, day = known["customer_id"].to_numpy(), known["day"].to_numpy()
    begins = np.flatnonzero(np.r_[True, customer[1:] != customer[:-1]])
    ends = np.r_[begins[1:], len(day)] - 1
    return pd.DataFrame(
        {
            "customer_id": known["customer_id"].iloc[begins].to_numpy(),
            "frequency": (ends - begins).astype("int64"),
            "recency": (day[ends] - day[begins]) / unit_days,
            "age": (end - day[begins]) / unit_days,
        }
    ).astype({"customer_id": known["customer_id"].dtype})
