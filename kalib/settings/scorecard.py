"""What makes a key account, and how much does each criterion count?"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from itertools import combinations
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from kalib.settings.base import Strict
from kalib.words.told import told

Criterion = Literal["purchasing_power", "loyalty", "profit", "potential", "influence", "satisfaction", "risk"]
CRITERIA: tuple[str, ...] = Criterion.__args__


def _measure(value: object) -> object:
    return {"measure": value} if isinstance(value, str) else value


class Measure(Strict):
    """One figure that a criterion is made of; a name alone is enough."""

    measure: str = Field(
        description="a figure that the house works out (`profit_365_days`, ...) or any numeric column of `customers` or `accounts`; docs/glossary.md has them"
    )
    direction: Literal["higher", "lower"] | None = Field(
        default=None,
        description="which way is better; default: as the house has it for its own measures, `higher` for any other column",
    )
    threshold: float | None = Field(
        default=None,
        gt=0,
        description="the company's own mark, in the unit of the figure: 1 from it on, in proportion below; where lower is better, 1 up to it. Default: accounts are compared with each other",
    )


class CriterionSettings(Strict):
    """What one criterion is made of."""

    measures: list[Annotated[Measure, BeforeValidator(_measure)]] | None = Field(
        default=None, min_length=1, description="in place of the house's own; default: those listed on the page"
    )


def _off(value: object) -> object:
    return False if value == "off" else value


class RulePart(Strict):
    """One part of the rule; exactly one of its settings is said."""

    score: float | None = Field(default=None, ge=0, le=1, description="key from this key-account score on; 0 to 1")
    top: int | None = Field(
        default=None, ge=1, description="the best so many by score; all that are equal at the border are in"
    )
    value_share: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="the largest accounts by net sales of the 365 days that together bring this share of them",
    )
    net_sales: float | None = Field(
        default=None, gt=0, description="net sales of the 365 days of at least so much, in the job's currency"
    )

    @model_validator(mode="after")
    def _one(self) -> RulePart:
        said = [name for name, value in self if value is not None]
        if len(said) != 1:
            known = ", ".join(f"`{name}`" for name in type(self).model_fields)
            raise ValueError(
                told(
                    "say exactly one of {known} in each part; found {found}",
                    known=known,
                    found=", ".join(said) or told("none"),
                )
            )
        return self


class RuleGroup(RulePart):
    """A part, or several of which any or all must hold."""

    any: list[RulePart] | None = Field(default=None, min_length=1, description="key if one of these parts holds")
    all: list[RulePart] | None = Field(default=None, min_length=1, description="key if all of these parts hold")


class Rule(RuleGroup):
    """The rule for key accounts; parts may be mixed, one level deep."""

    any: list[RuleGroup] | None = Field(default=None, min_length=1, description="key if one of these parts holds")
    all: list[RuleGroup] | None = Field(default=None, min_length=1, description="key if all of these parts hold")


class Override(Strict):
    """A named person's word on one account; the page shows it beside what the rule says."""

    customer_id: str = Field(min_length=1, description="the account, as the orders name it, in quotes")
    key: bool = Field(description="true: on the list; false: off it")
    by: str = Field(min_length=1, description="who says so")
    date: dt.date = Field(description="from this day on; on a snapshot date before it the word does not count yet")
    reason: str = Field(min_length=1, description="why, in the person's own words; shown on the page")
    until: dt.date | None = Field(default=None, description="last day on which it counts; default: no end")

    @field_validator("customer_id", mode="before")
    @classmethod
    def _quoted(cls, value: object) -> object:
        if isinstance(value, int) and not isinstance(value, bool):
            raise ValueError(told("write the account in quotes: YAML drops leading noughts of a bare number"))
        return value

    @model_validator(mode="after")
    def _order(self) -> Override:
        if self.until is not None and self.until < self.date:
            raise ValueError(told("`until` lies before `date`; the override would never count"))
        return self


class ScorecardSettings(Strict):
    """What makes a key account, and how much does each criterion count?"""

    criteria: dict[Criterion, Annotated[CriterionSettings | Literal[False], BeforeValidator(_off)]] = Field(
        default_factory=dict,
        description="criterion to its own measures, or to `off`; a criterion that is not named keeps the house's measures",
    )
    normalise: Literal["rank", "range", "zscore"] = Field(
        default="rank",
        description="how figures become 0 to 1: `rank` is the share of other accounts that are worse, which one giant cannot distort; `range` from lowest to highest; `zscore` by standard deviations, cut off at three. A score in `rule` means another thing under each",
    )
    weights: Literal["equal", "given", "ahp", "entropy"] = Field(
        default="equal",
        description="where the weights of the criteria come from: `equal`, since nobody has to defend a number that nobody chose; `given`; `ahp`, pairwise judgements; `entropy`, how unevenly the accounts lie between the worst and the best figure",
    )
    given: dict[Criterion, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict,
        description="criterion to weight, in any unit: they are scaled to add up to 1 over the criteria that the data has",
    )
    ahp: dict[str, str | float] = Field(
        default_factory=dict,
        description='pairwise judgements, `profit/loyalty: 3` where profit counts three times as much, or `"1/3"`; one for each pair of the criteria compared',
    )
    force: bool = Field(
        default=False,
        description="use judgements that contradict each other (consistency ratio above .10) all the same; the page says so",
    )
    rule: Rule = Field(
        default_factory=lambda: Rule(value_share=0.5),
        description="who is a key account; default: among the largest accounts that bring half of the year's net sales",
    )
    least_top_share: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="key accounts are named only where the hundred largest accounts bring at least this share of the year's net sales; below it, as in a consumer business, losing all hundred would cost less, and the page says what serves instead; 0: always named",
    )
    least_known: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="share of the weights that must rest on known criteria before a score counts for the rule; below it the account is listed as not known enough",
    )
    overrides: list[Override] = Field(
        default_factory=list, description="accounts put on the list or taken off it by a named person"
    )
    resamples: int = Field(
        default=200,
        ge=20,
        le=2000,
        description="how many resamples of the order histories the selection frequencies rest on; a very long log gets fewer, and the page says how many",
    )

    @field_validator("ahp")
    @classmethod
    def _judgements(cls, value: dict[str, str | float]) -> dict[str, str | float]:
        pairs: set[frozenset[str]] = set()
        for pair, figure in value.items():
            names = [part.strip() for part in pair.split("/")]
            unknown = [name for name in names if name not in CRITERIA]
            if len(names) != 2 or names[0] == names[1] or unknown:
                raise ValueError(
                    told(
                        "`{pair}` is no pair of criteria; write it as `profit/loyalty`, from {criteria}",
                        pair=pair,
                        criteria=", ".join(CRITERIA),
                    )
                )
            if frozenset(names) in pairs:
                raise ValueError(
                    told("`{pair}` is judged twice; leave one of the two out, its opposite follows", pair=pair)
                )
            pairs.add(frozenset(names))
            try:
                above = Fraction(str(figure)) > 0
            except (ValueError, ZeroDivisionError):
                above = False
            if not above:
                raise ValueError(
                    told(
                        '`{pair}: {figure}` is no judgement; write a figure above 0 as 3 or "1/3"',
                        pair=pair,
                        figure=figure,
                    )
                )
        compared = [name for name in CRITERIA if any(name in pair for pair in pairs)]
        gaps = [f"{a}/{b}" for a, b in combinations(compared, 2) if frozenset((a, b)) not in pairs]
        if gaps:
            raise ValueError(
                told("each pair of the criteria compared needs a judgement; missing are {gaps}", gaps=", ".join(gaps))
            )
        return value

    @model_validator(mode="after")
    def _weights(self) -> ScorecardSettings:
        on = [name for name in CRITERIA if self.criteria.get(name) is not False]
        if not on:
            raise ValueError(told("all criteria are off; leave at least one on"))
        if self.weights == "given":
            lacking = [name for name in on if name not in self.given]
            if lacking:
                raise ValueError(
                    told(
                        "`weights: given` needs a weight in `given` for {lacking}; 0 leaves one out",
                        lacking=", ".join(lacking),
                    )
                )
            if not any(self.given[name] > 0 for name in on):
                raise ValueError(told("the weights in `given` are all 0; at least one criterion must count"))
        if self.weights == "ahp":
            compared = {part.strip() for pair in self.ahp for part in pair.split("/")}
            lacking = [name for name in on if name not in compared]
            if lacking and len(on) > 1:
                raise ValueError(
                    told(
                        "`weights: ahp` needs judgements in `ahp` on {lacking}; or switch them off under `criteria`",
                        lacking=", ".join(lacking),
                    )
                )
        return self
