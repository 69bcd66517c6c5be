"""kalib, the key-account library: a notebook needs one name of it, ``open_run``; the topics are in ``kalib.topics``."""

# No import stands up here, not even a `__future__`: `python -m kalib` comes by before it can say from where (__main__.py).

__all__ = ["open_run"]


def __getattr__(name: str) -> object:
    """Import on first use: ``kalib --help`` must not wait for pandas."""
    if name != "open_run":
        raise AttributeError(f"module 'kalib' has no attribute {name!r}")
    from kalib.publish.workbook import open_run

    return open_run
