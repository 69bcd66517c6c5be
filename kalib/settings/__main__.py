"""How does the job file read in full? ``python -m kalib.settings > docs/settings.md``."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from kalib.settings import Job
from kalib.settings.source import Reading


def print_settings() -> str:
    """Return every setting of a job file as Markdown: docs/settings.md, which a test holds to it.

    Examples
    --------
    >>> print_settings().splitlines()[0]
    '# Settings'
    """
    lines = [
        "# Settings",
        "",
        "What a job file can say; made from `kalib/settings` by `python -m kalib.settings > docs/settings.md`. `-p key=value` sets any",
        "of them for one run, with a dot between a setting and one below it: `-p tolerance.rows=0.5`.",
        "",
        "| setting | takes | default | meaning |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{name}` | {_kind(field)} | {_default(field)} | {field.description or ''} |" for name, field in walk(Job)
    ]
    return "\n".join(lines)


def walk(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield every setting with its dotted name; what stands in a list has ``[]`` behind the list's name.

    How a table beside the orders is read is said once, for the orders.
    """
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        yield above + name, field
        for below, repeated in _models(field.annotation):
            if below is not Reading:
                yield from walk(below, f"{above}{name}{repeated}.")


def _models(annotation: object, repeated: str = "") -> Iterator[tuple[type[BaseModel], str]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, repeated
        return
    origin = get_origin(annotation)
    inner = get_args(annotation)
    if origin is Annotated:
        inner = inner[:1]
    mark = {list: "[]", dict: ".<name>", tuple: "[]"}.get(origin, "")
    for part in inner:
        yield from _models(part, repeated + mark)


def _kind(field: FieldInfo) -> str:
    bounds = {name: getattr(rule, name) for rule in field.metadata for name in _BOUNDS if hasattr(rule, name)}
    if {"ge", "le"} <= bounds.keys():
        limits = f"{bounds['ge']:g} to {bounds['le']:g}"
    else:
        limits = ", ".join(f"{_BOUNDS[name]} {value:g}" for name, value in bounds.items())
    return _say(field.annotation).replace("|", "or") + (f", {limits}" if limits else "")


_BOUNDS = {"ge": "from", "gt": "above", "le": "up to", "lt": "below"}


_NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false", type(None): "nothing"}


def _say(annotation: object) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _say(inner[0])
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_say(part) for part in inner if part is not type(None)))
    if origin in (list, tuple):
        return f"list of {_say(inner[0])}"
    if origin is dict:
        return f"name: {_say(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "settings below"
    return _NAMES.get(annotation, getattr(annotation, "__name__", str(annotation)).lower())


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be said"
    value = field.get_default(call_default_factory=True)
    if value in (None, PydanticUndefined) or value == [] or value == {} or isinstance(value, BaseModel):
        return "–"
    return f"`{value}`"


if __name__ == "__main__":
    print(print_settings())
