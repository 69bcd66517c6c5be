"""How is a job file read? Every message names the file, the line and the remedy."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import yaml
from pydantic import BaseModel, ValidationError

from kalib.errors import SettingsError, nearest
from kalib.settings.job import Job
from kalib.settings.strict_yaml import RefusedYAMLError, read_yaml
from kalib.words import LANGUAGES
from kalib.words.told import Told, speaking, speaks, told


def read_job(file: Path | str, overrides: dict[str, str] | None = None) -> Job:
    """Read and check a job file.

    Parameters
    ----------
    file : path of the YAML file
    overrides : dotted setting to its new value as YAML text, as given with ``-p key=value``

    Raises
    ------
    SettingsError
        Names the file, the line, the setting, what it has and what is wanted.
    """
    file = Path(file)
    check_name(file.absolute())
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(
            told("{file}: there is no such job file. `kalib init ORDERS_FILE` writes one.", file=file)
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            told(
                "{file}: the job file cannot be read ({error}). It must be a YAML text in UTF-8.",
                file=file,
                error=error,
            )
        ) from None
    try:
        settings, tree = read_yaml(text)
    except RefusedYAMLError as error:
        raise SettingsError(told("{where}: {what}.", where=_place(file, error), what=error.problem)) from None
    except yaml.YAMLError as error:
        raise SettingsError(
            told(
                "{where}: this is not YAML: {what}.",
                where=_place(file, error),
                what=getattr(error, "problem", None) or error,
            )
        ) from None
    if not isinstance(settings, dict):
        raise SettingsError(
            told(
                "{file}: a job file is a list of `setting: value`; this holds {kind}.",
                file=file,
                kind=type(settings).__name__,
            )
        )
    with speaking(_language(settings, overrides or {})):
        for key in [key for key in settings if isinstance(key, str) and "." in key]:
            _put(settings, key, settings.pop(key), told("{where}: `{key}`", where=_line(file, tree, [key]), key=key))
        for key, value in (overrides or {}).items():
            _override(settings, key, value)
        try:
            return Job.model_validate({**settings, "file": file})
        except ValidationError as error:
            raise SettingsError(_explain(error, file, tree, settings, set(overrides or ()))) from None


def _language(settings: dict, overrides: dict[str, str]) -> str:
    """Return the language that a job file asks for, as far as that can be told before it is checked."""
    asked = overrides.get("language", settings.get("language"))
    first = asked[0] if isinstance(asked, list) and asked else asked
    if isinstance(first, str) and (first := first.strip("[] ").partition(",")[0].strip()) in LANGUAGES:
        return first
    return speaks()


def check_name(path: Path) -> None:
    """Check that the name of a file or folder can be written down: reports, and the engines that read, know UTF-8 only.

    Raises
    ------
    SettingsError
        Shows the name, with what is no UTF-8 as the system has it.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        raise SettingsError(
            told(
                "{shown}: the name of this file, or of a folder it lies in, is not UTF-8. Rename it, or copy it elsewhere.",
                shown=shown,
            )
        ) from None


def _place(file: Path, error: yaml.YAMLError) -> Told | Path:
    mark = getattr(error, "problem_mark", None)
    if not mark:
        return file
    return told("{file}, line {line}, column {column}", file=file, line=mark.line + 1, column=mark.column + 1)


def _override(settings: dict, key: str, value: str) -> None:
    try:
        parsed, _ = read_yaml(value)
    except RefusedYAMLError as error:
        raise SettingsError(told("{where}: {what}.", where=f"-p {key}", what=error.problem)) from None
    except yaml.reader.ReaderError as error:  # such as a byte that is no UTF-8, which no report could hold either
        raise SettingsError(told("{where}: {what}.", where=f"-p {key}", what=error.reason)) from None
    except yaml.YAMLError:
        parsed = value
    _put(settings, key, parsed, f"-p {key}")


_TABLES = ("accounts", "contacts", "costs", "targets")


def _put(settings: dict, key: str, value: object, where: Told | str) -> None:
    """Set a dotted setting, such as ``read.decimal``: a line of its own says the same as one below ``read:``, and more loudly."""
    *parents, last = key.split(".")
    node = settings
    if len(parents) == 1 and parents[0] not in Job.model_fields:  # -p 10_rfm.bins=4
        parents = ["parameters", *parents]
    for parent in parents:
        if node.get(parent) is None:
            node[parent] = {}
        if node is settings and parent in _TABLES and isinstance(node[parent], str | list):
            node[parent] = {"source": node[parent]}
        node = node[parent]
        if not isinstance(node, dict):
            raise SettingsError(told("{where}: `{parent}` has no settings below it.", where=where, parent=parent))
    node[last] = value


def _explain(error: ValidationError, file: Path, tree: yaml.Node | None, settings: dict, given: set[str]) -> str:
    lines = []
    for item in error.errors():
        path = [part for part in item["loc"] if not (isinstance(part, str) and part.startswith("function-"))]
        name = ".".join(str(part) for part in path)
        where = f"-p {name}" if name in given else _line(file, tree, path)
        match item["type"]:
            case "extra_forbidden":
                said = told(
                    "unknown setting `{name}`; {hint}", name=name, hint=nearest(str(path[-1]), _known(path[:-1]))
                )
            case "missing":
                said = told("the setting `{name}` is missing.", name=name)
            case _:
                message = item["msg"].removeprefix("Value error, ")
                value = item["input"]
                shown = f" = {value!r}" if isinstance(value, str | int | float | bool) else ""
                said = told(
                    "{setting}: {what}.", setting=f"`{name}`{shown}", what=f"{message[:1].lower()}{message[1:]}"
                )
        lines.append(str(told("{where}: {what}", where=where, what=said)))
    return "\n".join(lines)


def _known(path: list) -> list[str]:
    model: object = Job
    for part in path:
        field = getattr(model, "model_fields", {}).get(str(part))
        if field is None:  # a name of the user's own, or a place in a list: what stands below is of the same kind
            continue
        kinds = get_args(field.annotation) or (field.annotation,)
        model = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
    return [name for name in getattr(model, "model_fields", {}) if name != "file"]


def _line(file: Path, tree: yaml.Node | None, path: list) -> Told | Path:
    node, line = tree, None
    for part in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
            continue
        found = (
            [pair for pair in node.value if pair[0].value == str(part)] if isinstance(node, yaml.MappingNode) else []
        )
        if not found:
            break
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return told("{file}, line {line}", file=file, line=line) if line else file
