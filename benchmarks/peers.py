"""What does the same fit cost by other packages? Runs in their environments, and knows nothing of kalib."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

NEEDS = {
    "lifetimes": ["lifetimes==0.11.3", "pandas==2.3.3", "numpy==2.3.5", "pyarrow==26.0.1", "setuptools==80.9.0"],
    "pymc-map": ["pymc-marketing==0.19.2", "pymc==5.28.5", "pandas==3.1.1", "pyarrow==26.0.1"],
}
"""What stands in the environment of each; they cannot live together, nor with kalib."""


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
    name = FITS[task][0]
    python = folder / name / "bin" / "python"
    if not (folder / name / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder / name], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "--quiet", "--disable-pip-version-check", *NEEDS[name]]
        subprocess.run(install, check=True)
        (folder / name / "ready").touch()
    return python


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=FITS)
    parser.add_argument("log", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    begun = FITS[given.task][1](given.log, given.out)
    print(time.process_time() - begun)
