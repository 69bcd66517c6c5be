"""What does acting on those who may leave cost, and how often does it succeed? Nothing here has a figure by default."""

from __future__ import annotations

from pydantic import Field, model_validator

from kalib.settings.base import Share, Strict
from kalib.words.told import told


class EmpcSettings(Strict):
    """The parameters of EMPC, the profit by which rankings of the past are judged; all of them, or none."""

    alpha: float = Field(gt=0, description="first parameter of the success rate's beta distribution")
    beta: float = Field(gt=0, description="second parameter; the mean success rate is alpha / (alpha + beta)")
    clv: float = Field(gt=0, description="value of a customer kept, in `currency`")
    offer_cost: float = Field(ge=0, description="cost of an offer that is accepted, in `currency`; less than clv")
    cost: float = Field(ge=0, description="cost of contacting an account, in `currency`; less than clv")

    @model_validator(mode="after")
    def _worth_it(self) -> EmpcSettings:
        if self.offer_cost >= self.clv:
            raise ValueError(
                told(
                    "an offer of {offer_cost:g} for customers worth {clv:g} never pays; give one that costs less",
                    offer_cost=self.offer_cost,
                    clv=self.clv,
                )
            )
        if self.cost >= self.clv:
            raise ValueError(
                told(
                    "contacting customers worth {clv:g} for {cost:g} each never pays; give a cost that is less",
                    clv=self.clv,
                    cost=self.cost,
                )
            )
        return self


class CampaignSettings(Strict):
    """What does acting on those who may leave cost, and how often does it succeed?

    Only the company can know; without these figures the page shows from which success rate, or up to which cost, acting
    would pay.
    """

    success_rate: Share | None = Field(
        default=None,
        gt=0,
        le=1,
        description="share of those who would leave that acting keeps, as measured by a trial with a control group; none by "
        "default: without it the page shows the rate from which acting pays",
    )
    cost: float | None = Field(
        default=None,
        gt=0,
        description="cost of acting on one account, in `currency`; by default the mean cost of a contact in `contacts`, of the "
        "kind on which most is spent, and none without contacts",
    )
    offer_cost: float | None = Field(
        default=None,
        ge=0,
        description="cost of an offer (a discount, a gift) that is accepted, in `currency`, beside the cost of acting; who "
        "would have stayed anyway accepts it too; by default nothing is offered",
    )
    empc: EmpcSettings | None = Field(
        default=None,
        description="judges the churn model's ranking by profit at a past date; without it that part is left out",
    )
