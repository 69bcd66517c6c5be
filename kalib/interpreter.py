"""How does another Python of ours start? Without the folder one stands in among those it imports from: it may hold the data.

It imports only what every Python has imported by itself: ``__main__`` asks it while the wrong folder may still be there.
"""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""The folder that kalib lies in."""
_CALL = (
    "import sys; root = sys.argv.pop(1); root in sys.path or sys.path.append(root); "
    "from {module} import {function}; {function}()"
)


def command(*arguments: str) -> list[str]:
    """Return the command that starts this Python, with no folder to import from but those of its environment."""
    return [sys.executable, "-P", *arguments]


def call(module: str, function: str, *arguments: str) -> list[str]:
    """Return the command that calls a function of kalib's in a process of its own.

    This kalib is called, wherever it was imported from; it comes last among the folders, so that it hides no other module.

    Parameters
    ----------
    arguments : what the function finds in ``sys.argv[1:]``
    """
    return command("-c", _CALL.format(module=module, function=function), ROOT, *arguments)


def names_the_working_directory() -> bool:
    """Return whether PYTHONPATH has an empty or a relative folder, as in ``PYTHONPATH=:``."""
    folders = os.environ.get("PYTHONPATH", "")
    return bool(folders) and not all(os.path.isabs(folder) for folder in folders.split(os.pathsep))


def environment() -> dict[str, str]:
    """Return the environment for such a process: ours, with those folders of PYTHONPATH that have a whole path.

    An empty or a relative one is another folder for each process: the one it stands in.
    """
    ours = dict(os.environ)
    folders = [folder for folder in ours.pop("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(folder)]
    return ours | ({"PYTHONPATH": os.pathsep.join(folders)} if folders else {})
