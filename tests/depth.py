"""How many examples does a test look at? A few by default, many with ``--hypothesis-profile=deep``, as `make test-deep` says."""

from __future__ import annotations

from hypothesis import settings

for name, count in (("quick", 25), ("deep", 400)):
    settings.register_profile(name, max_examples=count, deadline=None)  # no test is a matter of time
settings.load_profile("quick")


def is_deep() -> bool:
    """Say which profile the command line has chosen: known once tests are collected, and not before."""
    return settings.get_current_profile_name().startswith("deep")


def examples(quick: int, deep: int, **more: object) -> settings:
    """Return settings with so many examples: a test is written once, and runs in either profile."""
    return settings(max_examples=deep if is_deep() else quick, **more)


def seeds(quick: range, deep: range) -> range:
    """Return the seeds of logs that a test draws by itself."""
    return deep if is_deep() else quick
