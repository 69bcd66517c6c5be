"""How is a fitted model kept? In skops' format, which runs no code when it is read, with what it was fitted on."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib
import io
import json
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted
from skops import io as skops

from kalib.errors import SettingsError
from kalib.schema import check_columns
from kalib.settings import Job
from kalib.words.told import told

OURS = "kalib.topics."
"""Where the classes of saved models come from; scikit-learn's own parts are known to skops."""

MOST_BYTES = 100_000_000
"""A model unpacks to some hundred kilobytes; what unpacks to more than this is not unpacked."""

_CARD = "kalib.json"
_DAMAGED = (
    OSError,
    zipfile.BadZipFile,
    zlib.error,
    AttributeError,
    IndexError,
    KeyError,
    RecursionError,
    TypeError,
    ValueError,
    ValidationError,
)
"""What reading a file ends in that somebody changed: one that is cut off, nested without end, or says other things."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Card:
    """What a saved model says of itself.

    Attributes
    ----------
    name : of the model, as ``tiers``
    kind : its class
    as_of : snapshot date of the rows it was fitted on, as text
    features : the columns it was fitted on and is applied to
    rows : how many rows it was fitted on
    data_hash : SHA-256 of these columns and rows, whatever their order
    kalib : version that fitted it
    """

    name: str
    kind: str
    as_of: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    features: Annotated[tuple[str, ...], Field(min_length=1)]
    rows: Annotated[int, Field(ge=1)]
    data_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    kalib: str


def write_model(model: BaseEstimator, file: Path, *, name: str, as_of: str, data: pd.DataFrame, kalib: str) -> Card:
    """Write a fitted model and its card into ``file``.

    Parameters
    ----------
    data : the rows it was fitted on: customer_id and the columns of its figures
    kalib : version of the library
    """
    features = tuple(sorted(set(data.columns) - {"customer_id"}))
    card = Card(name, _name(type(model)), as_of, features, len(data), hash_rows(data), kalib)
    skops.dump(model, file)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(zipfile.ZipInfo(_CARD), json.dumps(asdict(card), indent=1))
    return card


def read_model(
    file: Path, *, name: str, data: pd.DataFrame | None = None, as_of: dt.date | None = None
) -> tuple[BaseEstimator, Card]:
    """Read a model that ``write_model`` wrote.

    Parameters
    ----------
    name : the model that is wanted, as ``tiers``
    data : the table that it is to be applied to, which must have its features
    as_of : snapshot date of that table

    Raises
    ------
    SettingsError
        The file is not there, is no model of kalib's, is another model, holds parts that are not to be trusted, or was
        fitted on a later date.
    MissingColumnsError
        ``data`` lacks a feature.
    """
    wanted = told("Wanted is the `{name}.skops` that a run left in its folder `models`.", name=name)
    try:
        content = file.read_bytes()  # once: what was looked at is what is loaded
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MOST_BYTES:
                raise SettingsError(
                    told(
                        "{file}: the model unpacks to more than {most:,} bytes. {wanted}",
                        file=file,
                        most=MOST_BYTES,
                        wanted=wanted,
                    )
                )
            card = TypeAdapter(Card).validate_python(json.loads(archive.read(_CARD)))
        parts = skops.get_untrusted_types(data=content)
    except FileNotFoundError:
        raise SettingsError(told("{file}: there is no such model. {wanted}", file=file, wanted=wanted)) from None
    except _DAMAGED:
        raise SettingsError(
            told("{file}: this is not a model that kalib saved. {wanted}", file=file, wanted=wanted)
        ) from None
    strange = [kind for kind in parts if not _is_ours(kind)]
    if strange:
        raise SettingsError(
            told(
                "{file}: the model holds {kinds}, which kalib does not load. {wanted}",
                file=file,
                kinds=", ".join(strange),
                wanted=wanted,
            )
        )
    if card.name != name:
        raise SettingsError(
            told("{file}: this is the model `{name}`. {wanted}", file=file, name=card.name, wanted=wanted)
        )
    if as_of is not None and card.as_of > as_of.isoformat():
        raise SettingsError(
            told(
                "{file}: the model was fitted as of {fitted}, after the report's date, {as_of}: a report knows nothing "
                "after it. Name a model of an earlier run.",
                file=file,
                fitted=card.as_of,
                as_of=as_of,
            )
        )
    if data is not None:
        check_columns(data, card.features, name=f"the table for {file.name}")
    try:
        model = skops.loads(content, trusted=parts)
    except _DAMAGED:
        raise SettingsError(
            told("{file}: this is not a model that kalib saved. {wanted}", file=file, wanted=wanted)
        ) from None
    try:
        check_is_fitted(model)
    except (NotFittedError, TypeError):
        raise SettingsError(told("{file}: the model was never fitted. {wanted}", file=file, wanted=wanted)) from None
    if _name(type(model)) != card.kind:
        raise SettingsError(
            told(
                "{file}: the model is a {kind} and says that it is a {said}. {wanted}",
                file=file,
                kind=_name(type(model)),
                said=card.kind,
                wanted=wanted,
            )
        )
    return model, card


def check_models(job: Job) -> None:
    """Check the models of other runs that a job names, before anything is read or run.

    Raises
    ------
    SettingsError
        As ``read_model``.
    """
    for name in type(job).model_fields:
        file = getattr(getattr(job, name), "model", None)
        if file is not None:
            read_model(job.path(file), name=name, as_of=job.as_of)


def hash_rows(data: pd.DataFrame) -> str:
    """Return a SHA-256 over a table's columns and rows, whatever the order of both.

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": ["a", "b"], "orders": [1, 2]})
    >>> hash_rows(table) == hash_rows(table.iloc[::-1, ::-1])
    True
    """
    rows = pd.util.hash_pandas_object(data[sorted(data.columns)], index=False).sort_values().to_numpy()
    return hashlib.sha256(",".join(sorted(data.columns)).encode() + rows.tobytes()).hexdigest()


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _is_ours(name: str) -> bool:
    """Say whether a name is that of an estimator of ours: nothing else of the library is made by a file."""
    module, _, kind = name.rpartition(".")
    if not module.startswith(OURS):
        return False
    try:
        found = getattr(importlib.import_module(module), kind, None)
    except ImportError:
        return False
    return isinstance(found, type) and issubclass(found, BaseEstimator)
