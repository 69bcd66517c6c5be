"""What is said to the person who must decide: an English sentence where it is said, and the same in the reader's language."""

from __future__ import annotations

import locale
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from kalib.words import LANGUAGES

_language: ContextVar[str | None] = ContextVar("language", default=None)


@dataclass(frozen=True)
class Told:
    """A sentence with named places, and what stands in them; as a text it is in the language that is spoken.

    Examples
    --------
    >>> said = Told("{count:,} rows have no customer.", {"count": 1200})
    >>> str(said), said.to("en")
    ('1,200 rows have no customer.', '1,200 rows have no customer.')
    """

    text: str
    facts: Mapping[str, object] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        return self.to(speaks())

    def to(self, language: str) -> str:
        """Return the sentence in a language; a sentence that nobody translated stays English."""
        facts = {name: value.to(language) if isinstance(value, Told) else value for name, value in self.facts.items()}
        return _catalogue(language).get(self.text, self.text).format(**facts)

    def stored(self) -> dict[str, object]:
        """Return the sentence as JSON keeps it."""
        return {
            "text": self.text,
            "facts": {name: value.stored() if isinstance(value, Told) else value for name, value in self.facts.items()},
        }

    @classmethod
    def restored(cls, stored: Mapping[str, object]) -> Told:
        """Return a sentence as it was before it was stored."""
        facts = {
            name: cls.restored(value) if isinstance(value, dict) and set(value) == {"text", "facts"} else value
            for name, value in stored["facts"].items()
        }
        return cls(stored["text"], facts)


def told(text: str, /, **facts: object) -> Told:
    """Return a sentence filled with facts; the name marks what is to be translated."""
    return Told(text, facts)


def either(words: Iterable[object]) -> str:
    """Return words of which one is meant, as "a or b" is read.

    >>> either(["gb18030", "windows-1252"])
    'gb18030 or windows-1252'
    """
    return str(told(" or ")).join(map(str, words))


def both(words: Iterable[object]) -> str:
    """Return words that are all meant, as "a and b" is read.

    >>> both(["day", "month"])
    'day and month'
    """
    return str(told(" and ")).join(map(str, words))


def speaks() -> str:
    """Return the language that is spoken: the job's, else the machine's, else English."""
    return _language.get() or _machine()


@contextmanager
def speaking(language: str | None) -> Iterator[None]:
    """Speak a language within the block; None: the machine's."""
    mark = _language.set(language)
    try:
        yield
    finally:
        _language.reset(mark)


def speak(language: str | None) -> None:
    """Speak a language from here on."""
    _language.set(language)


def _machine() -> str:
    try:
        name = locale.getlocale(locale.LC_MESSAGES)[0] or ""
    except (AttributeError, ValueError):  # Windows; a locale that is none
        name = ""
    if not name:
        import os

        name = next((os.environ[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(key)), "")
    code = name[:2].lower()
    return code if code in LANGUAGES else "en"


@cache
def _catalogue(language: str) -> dict[str, str]:
    if language == "en":
        return {}
    from babel.messages.pofile import read_po

    file = resources.files("kalib.words").joinpath(f"{language}.po")
    with file.open("rb") as stream:
        return {message.id: message.string for message in read_po(stream) if message.id and message.string}
