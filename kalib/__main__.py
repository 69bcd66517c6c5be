"""How does kalib start? The folder one stands in goes from those that Python imports from: it may hold the data.

What is imported up here, Python has imported by itself before.
"""

import os
import sys

from kalib import interpreter


def main() -> None:
    """Run the command line, in a Python that imports nothing from the working directory."""
    if interpreter.names_the_working_directory():  # a new start, as some of it may be imported by now
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], interpreter.environment())
    import signal

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing is under way yet that would have to be cleared away
    from kalib.cli import main as run

    run()


if __name__ == "__main__":
    if not sys.flags.safe_path and sys.path[0] != interpreter.ROOT:
        del sys.path[0]  # `python -m` puts the working directory there; a checkout's own folder may stay
    main()
