"""How are customers scored, and which segments are made of the scores?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import combinations, pairwise, product
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from kalib.settings.base import Strict
from kalib.words.told import told

FEWEST, MOST = 2, 10
"""Bands that a score can have."""

SCORES = {"r": "recency", "f": "frequency", "m": "monetary"}


def _spread(value: object) -> object:
    """Take one number for the same number of all three."""
    if isinstance(value, int) and not isinstance(value, bool):
        return dict.fromkeys(SCORES.values(), value)
    return value


def _range(value: object) -> object:
    """Take one score for the range from it to it."""
    return (value, value) if isinstance(value, int) and not isinstance(value, bool) else value


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


Count = Annotated[int, Field(ge=FEWEST, le=MOST)]
Band = Annotated[tuple[int, int] | None, BeforeValidator(_range)]


class Bins(Strict):
    """How many scores there are."""

    recency: Count = Field(default=5, description="scores of recency, 2 to 10; five, as is usual")
    frequency: Count = Field(default=5, description="scores of frequency, 2 to 10")
    monetary: Count = Field(default=5, description="scores of the money, 2 to 10")


class Edges(Strict):
    """Where one score ends and the next begins, set by the business: each edge is the last figure of its band."""

    recency: tuple[float, ...] | None = Field(
        default=None,
        description="days since the last order, ascending: [30, 90, 365] makes up to 30 days, up to 90, up to 365 and more "
        "the scores 4, 3, 2 and 1; default: learnt from the customers",
    )
    frequency: tuple[float, ...] | None = Field(
        default=None,
        description="orders, ascending: [1, 4] makes one order, two to four and more the scores 1, 2 and 3; default: learnt",
    )
    monetary: tuple[float, ...] | None = Field(
        default=None, description="money in the job's currency, ascending, in the same way; default: learnt"
    )

    @field_validator("recency", "frequency", "monetary")
    @classmethod
    def _ascending(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is None:
            return None
        if not FEWEST - 1 <= len(value) < MOST:
            raise ValueError(
                told(
                    "give 1 to {edges} edges, which make 2 to {most} scores; here are {count}",
                    edges=MOST - 1,
                    most=MOST,
                    count=len(value),
                )
            )
        if not all(-float("inf") < edge < float("inf") for edge in value):
            raise ValueError(told("an edge is a plain number; the lowest and the highest band are open anyway"))
        if not all(low < high for low, high in pairwise(value)):
            raise ValueError(told("write the edges from the least to the most, each once, as in [30, 90, 365]"))
        return value


class Named(Strict):
    """A segment's code and what the reader sees."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$",
        description="code of the segment, in small letters; it stands in the table `rfm`",
    )
    label: dict[Literal["en", "zh"], str] | str | None = Field(
        default=None, description="its words for the reader, one text or one per language; default: the code"
    )

    def say(self, language: str) -> str | None:
        """Return the segment's words in ``language``: the given ones, else the first there are."""
        if isinstance(self.label, dict):
            return self.label.get(language) or next(iter(self.label.values()), None)
        return self.label


class Segment(Named):
    """A segment of the business's own: which scores belong to it."""

    r: Band = Field(
        default=None, description="recency scores, one or [from, to]; the highest is most recent; default: any"
    )
    f: Band = Field(
        default=None, description="frequency scores, one or [from, to]; the highest is most orders; default: any"
    )
    m: Band = Field(default=None, description="money scores, one or [from, to]; the highest is most; default: any")

    @field_validator("r", "f", "m")
    @classmethod
    def _from_to(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        if value is not None and not 1 <= value[0] <= value[1]:
            raise ValueError(told("a range of scores goes from the lower to the higher, as in [4, 5], and begins at 1"))
        return value


class RfmSettings(Strict):
    """How are customers scored, and which segments are made of the scores?"""

    bins: Annotated[Bins, BeforeValidator(_spread)] = Field(
        default_factory=Bins,
        description="how many scores there are, for all three or for each; customers are cut into as many equal parts. "
        "Five by default, which the segments' names come from",
    )
    edges: Edges | None = Field(
        default=None,
        description="fixed edges from the business, for one, two or three of the scores; the number of scores follows "
        "from them. By default all edges are learnt from the customers",
    )
    monetary: Literal["total", "mean", "margin"] = Field(
        default="total",
        description="what the money score is made of: total net sales, mean net sales per order, or margin, which takes "
        "a source with cost. Net sales by default, as every source has them",
    )
    window_days: Literal[30, 90, 180, 365] | None = Field(
        default=None,
        description="days up to the snapshot date that orders and money are counted in; by default the whole history",
    )
    learn_as_of: dt.date | None = Field(
        default=None,
        description="past snapshot date on which the edges are learnt; by default on the report's own. A fixed date makes "
        "reports comparable: who moves has changed, not the edges",
    )
    model: str | None = Field(
        default=None,
        description="path of the `rfm.skops` that another run left in its folder `models`: its edges are used, none learnt",
    )
    rest: Annotated[Named | None, BeforeValidator(_named)] = Field(
        default=None, description="segment of the scores that none of `segments` covers: its name, or name and label"
    )
    segments: tuple[Segment, ...] | None = Field(
        default=None,
        min_length=1,
        description="segments of your own in place of the international eleven, best first; the order is only that of "
        "the pages, since no score may belong to two of them",
    )

    @field_validator("edges")
    @classmethod
    def _agree(cls, value: Edges | None, info: ValidationInfo) -> Edges | None:
        bins = info.data.get("bins")
        for name in SCORES.values() if value and bins else ():
            edges = getattr(value, name)
            if edges is not None and name in bins.model_fields_set and getattr(bins, name) != len(edges) + 1:
                raise ValueError(
                    told(
                        "{edges} edges of {name} make {scores} scores, and `bins` says {bins}; take one of the two out",
                        edges=len(edges),
                        name=name,
                        scores=len(edges) + 1,
                        bins=getattr(bins, name),
                    )
                )
        return value

    @field_validator("segments")
    @classmethod
    def _lint(cls, value: tuple[Segment, ...] | None, info: ValidationInfo) -> tuple[Segment, ...] | None:
        if value and {"bins", "edges", "rest"} <= info.data.keys():
            rest = info.data["rest"]
            given = info.data.get("model")
            found = lint_segments(value, count_scores(info.data["bins"], info.data["edges"]), rest=rest and rest.name)
            if found and not given:  # another run's model says how many scores there are
                raise ValueError("; ".join(found))
        return value

    @model_validator(mode="after")
    def _whole(self) -> RfmSettings:
        if self.model and self.learn_as_of:
            raise ValueError(told("`learn_as_of` learns edges and `model` brings them; take one of the two out"))
        brought = {"bins", "edges", "monetary", "window_days"} & self.model_fields_set
        if self.model and brought:
            names = ", ".join(f"`{name}`" for name in sorted(brought))
            raise ValueError(
                told("`model` brings its own {names}; take it out", names=names)
                if len(brought) == 1
                else told("`model` brings its own {names}; take them out", names=names)
            )
        if self.rest and not self.segments:
            raise ValueError(told("`rest` names what no segment of your own covers, and there are no `segments`"))
        return self

    def scoring(self) -> dict[str, object]:
        """Return what the scorer takes."""
        chosen = self.model_dump(include={"bins", "edges", "monetary", "window_days"})
        return {**chosen, **self.rules()}

    def rules(self) -> dict[str, object]:
        """Return the business's own segments, without their words."""
        segments = [one.model_dump(exclude={"label"}) for one in self.segments] if self.segments else None
        return {"segments": segments, "rest": self.rest.name if self.rest else None}

    def names(self, language: str) -> dict[str, str]:
        """Return the words of the business's own segments, by dotted key."""
        own = [*(self.segments or ()), *([self.rest] if self.rest else [])]
        return {f"codes.segment.{one.name}": text for one in own if (text := one.say(language))}


def count_scores(bins: Bins, edges: Edges | None) -> tuple[int, int, int]:
    """Return how many scores of recency, frequency and money there are."""
    given = [getattr(edges, name) if edges else None for name in SCORES.values()]
    return tuple(len(own) + 1 if own else getattr(bins, name) for name, own in zip(SCORES.values(), given, strict=True))


def lint_segments(segments: Sequence[Segment], scores: tuple[int, int, int], *, rest: str | None) -> list[str]:
    """Find what is wrong with rules: overlaps, scores that no rule covers, segments that nobody can reach.

    Parameters
    ----------
    segments : the rules
    scores : how many scores of recency, frequency and money there are
    rest : segment of what no rule covers, or None

    Returns
    -------
    A sentence for each fault, without a stop; none where each cell of scores belongs to exactly one segment.

    Examples
    --------
    >>> lint_segments([Segment(name="good", r=(3, 5)), Segment(name="vip", r=5, m=5)], (5, 5, 5), rest="others")
    ['nobody can reach `vip`: all its scores belong to `good` as well; take them out of `good`']
    """
    found = []
    names = [segment.name for segment in segments] + ([rest] if rest else [])
    found += [
        told("two segments are called `{name}`", name=name) for name in sorted({n for n in names if names.count(n) > 1})
    ]
    cells = [_cells(segment, scores) for segment in segments]
    for segment in segments:
        for axis, most in zip(SCORES, scores, strict=True):
            band = getattr(segment, axis)
            if band and band[0] > most:
                found.append(
                    told(
                        "nobody can reach `{segment}`: its {axis} begins at {first}, and the highest score is {most}",
                        segment=segment.name,
                        axis=axis.upper(),
                        first=band[0],
                        most=most,
                    )
                )
            elif band and band[1] > most:
                found.append(
                    told(
                        "`{segment}` wants {axis} up to {last}, and the highest score is {most}; end it there",
                        segment=segment.name,
                        axis=axis.upper(),
                        last=band[1],
                        most=most,
                    )
                )
    for (one, ours), (other, theirs) in combinations(zip(segments, cells, strict=True), 2):
        both = ours & theirs
        if both and (both == ours or both == theirs):
            inner, outer = (one.name, other.name) if both == ours else (other.name, one.name)
            found.append(
                told(
                    "nobody can reach `{inner}`: all its scores belong to `{outer}` as well; take them out of `{outer}`",
                    inner=inner,
                    outer=outer,
                )
            )
        elif both:
            found.append(
                told(
                    "`{one}` and `{other}` overlap in {count} combinations of scores, for instance {such}; give each to one "
                    "of them",
                    one=one.name,
                    other=other.name,
                    count=len(both),
                    such=_example(both),
                )
            )
    bare = set(product(*(range(1, most + 1) for most in scores))).difference(*cells)
    if bare and not rest:
        found.append(
            told(
                "no segment covers {count} of the {all} combinations of scores, for instance {such}; add a segment, or "
                "name one for them with `rest:`",
                count=len(bare),
                all=scores[0] * scores[1] * scores[2],
                such=_example(bare),
            )
        )
    if rest and not bare:
        found.append(told("nobody can reach `{rest}`: the segments leave no score over; take `rest` out", rest=rest))
    return [str(one) for one in found]


def _cells(segment: Segment, scores: tuple[int, int, int]) -> set[tuple[int, ...]]:
    bands = [getattr(segment, axis) or (1, most) for axis, most in zip(SCORES, scores, strict=True)]
    return set(product(*(range(low, min(high, most) + 1) for (low, high), most in zip(bands, scores, strict=True))))


def _example(cells: set[tuple[int, ...]]) -> str:
    return "R {} F {} M {}".format(*min(cells))
