"""What every part of the settings has in common: unknown keys are refused, nothing changes once read."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from kalib.words.told import told


class Strict(BaseModel):
    """A part of the job file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def listed(value: object) -> object:
    """Take one text for a list of one."""
    return [value] if isinstance(value, str) else value


def refuse_percentage(value: object) -> object:
    """Refuse a share that was written as a percentage, and say how it is written."""
    text = str(value).strip()
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        return value
    if not (text.endswith("%") or number > 1):
        return value
    percent = number if 0 <= number <= 100 else 20
    raise ValueError(
        told("a share from 0 to 1 is wanted: {percent:g} % is written {share:g}", percent=percent, share=percent / 100)
    )


Share = Annotated[float, BeforeValidator(refuse_percentage)]

Texts = Annotated[list[str], BeforeValidator(listed)]
