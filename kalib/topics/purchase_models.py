"""Which purchase models are there?"""

from __future__ import annotations

from kalib.topics.purchase_fit import PurchaseModel
from kalib.topics.purchase_geometric import BetaGeometric, ModifiedBetaGeometric
from kalib.topics.purchase_pareto import ParetoNBD

__all__ = ["MODELS", "BetaGeometric", "ModifiedBetaGeometric", "ParetoNBD", "make_model"]

MODELS: dict[str, type[PurchaseModel]] = {
    model.code: model for model in (BetaGeometric, ModifiedBetaGeometric, ParetoNBD)
}
"""Code to estimator."""


def make_model(code: str) -> PurchaseModel:
    """Return a model of this code, not fitted yet.

    Examples
    --------
    >>> make_model("bg_nbd")
    BetaGeometric()
    """
    if code not in MODELS:
        raise ValueError(f"A purchase model is one of {', '.join(MODELS)}; it was {code!r}.")
    return MODELS[code]()
