"""What does the same table cost by other packages? Runs in their environments, and knows nothing of kalib."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

AS_OF = "2025-12-30"

NEEDS = {
    "lifetimes": ["lifetimes==0.11.3", "pandas==2.3.3", "numpy==2.3.5", "pyarrow==26.0.1", "setuptools==80.9.0"],
    "pymc": ["pymc-marketing==0.17.1", "pandas==3.1.1", "pyarrow==26.0.1"],
    "pymc-map": ["pymc-marketing==0.19.2", "pymc==5.28.5", "pandas==3.1.1", "pyarrow==26.0.1"],
    "openretailscience": [
        "openretailscience==0.48.1",
        "ibis-framework[duckdb]==12.0.0",
        "duckdb==1.5.6",
        "sqlglot==30.17.0",
        "pandas==2.3.3",
    ],
}
"""What stands in the environment of each; they cannot live together, nor with kalib."""


def run_lifetimes(log: Path, out: Path) -> float:
    """Write lifetimes' summary for the purchase models; return the processor time when its imports were done."""
    import pandas as pd
    from lifetimes.utils import summary_data_from_transaction_data

    begin = time.process_time()
    sales = pd.read_parquet(log, columns=["customer_id", "moment", "amount_float"])
    table = summary_data_from_transaction_data(
        sales, "customer_id", "moment", monetary_value_col="amount_float", observation_period_end=AS_OF
    )
    table.reset_index().to_parquet(out)
    return begin


def run_pymc(log: Path, out: Path) -> float:
    """Write pymc-marketing's summary for the purchase models."""
    import pandas as pd
    from pymc_marketing.clv.utils import rfm_summary

    begin = time.process_time()
    sales = pd.read_parquet(log, columns=["customer_id", "moment", "amount_float"])
    table = rfm_summary(
        sales, "customer_id", "moment", monetary_value_col="amount_float", observation_period_end=AS_OF, time_unit="D"
    )
    table.to_parquet(out)
    return begin


def run_ibis(log: Path, out: Path) -> float:
    """Write openretailscience's recency, frequency, money and scores by its Ibis route, on DuckDB."""
    import ibis
    from openretailscience.segmentation.rfm import RFMSegmentation

    begin = time.process_time()
    con = ibis.duckdb.connect()
    con.raw_sql("SET enable_progress_bar = false")
    sales = con.read_parquet(log).select(
        "customer_id", transaction_id="order_id", transaction_date="moment", unit_spend="amount_float"
    )
    RFMSegmentation(sales, current_date=AS_OF).df.reset_index().to_parquet(out)
    return begin


def run_pandas(log: Path, out: Path) -> float:
    """Write openretailscience's recency, frequency, money and scores by its pandas route."""
    import duckdb
    import pandas as pd
    from openretailscience.segmentation.rfm import RFMSegmentation

    begin = time.process_time()
    duckdb.execute("SET enable_progress_bar = false")
    names = {"order_id": "transaction_id", "moment": "transaction_date", "amount_float": "unit_spend"}
    sales = pd.read_parquet(log, columns=["customer_id", *names]).rename(columns=names)
    RFMSegmentation(sales, current_date=AS_OF).df.reset_index().to_parquet(out)
    return begin


TASKS: dict[str, tuple[str, Callable[[Path, Path], float]]] = {
    "lifetimes": ("lifetimes", run_lifetimes),
    "pymc-marketing": ("pymc", run_pymc),
    "openretailscience-ibis": ("openretailscience", run_ibis),
    "openretailscience-pandas": ("openretailscience", run_pandas),
}


def fit_lifetimes(histories: Path, out: Path) -> float:
    """Write the parameters of lifetimes' BG/NBD, by maximum likelihood, from frequency, recency and age."""
    import pandas as pd
    import pyarrow.parquet  # noqa: F401  an import is no part of the work
    from lifetimes import BetaGeoFitter

    begin = time.process_time()
    table = pd.read_parquet(histories, columns=["frequency", "recency", "age"])
    model = BetaGeoFitter().fit(table["frequency"], table["recency"], table["age"])
    out.write_text(json.dumps({name: float(model.params_[name]) for name in ("r", "alpha", "a", "b")}), "utf-8")
    return begin


def fit_pymc(histories: Path, out: Path) -> float:
    """Write the parameters of pymc-marketing's BG/NBD, the most probable under its default priors (MAP)."""
    import pandas as pd
    import pyarrow.parquet  # noqa: F401
    from pymc_marketing.clv import BetaGeoModel

    begin = time.process_time()
    table = pd.read_parquet(histories, columns=["customer_id", "frequency", "recency", "age"])
    model = BetaGeoModel(data=table.rename(columns={"age": "T"}))
    model.fit(method="map", progressbar=False)
    found = model.fit_result
    out.write_text(json.dumps({name: float(found[name].mean()) for name in ("r", "alpha", "a", "b")}), "utf-8")
    return begin


FITS: dict[str, tuple[str, Callable[[Path, Path], float]]] = {
    "fit-lifetimes": ("lifetimes", fit_lifetimes),
    "fit-pymc-map": ("pymc-map", fit_pymc),
}
"""Fits of a purchase model to given histories; ``purchase.py`` asks for them."""


def find_python(folder: Path, task: str) -> Path:
    """Return the interpreter of a peer's environment below ``folder``, which is made if it is not there."""
    name = (TASKS | FITS)[task][0]
    python = folder / name / "bin" / "python"
    if not (folder / name / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder / name], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "--quiet", "--disable-pip-version-check", *NEEDS[name]]
        subprocess.run(install, check=True)
        (folder / name / "ready").touch()
    return python


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=TASKS | FITS)
    parser.add_argument("log", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    begun = (TASKS | FITS)[given.task][1](given.log, given.out)
    print(time.process_time() - begun)
