"""Figures: a finished table comes in, its picture in the style of the house goes out."""

from contextlib import chdir
from pathlib import Path

with chdir(
    Path(__file__).parent
):  # matplotlib takes a `matplotlibrc` from where one stands, which may be beside the data
    import matplotlib  # noqa: F401
