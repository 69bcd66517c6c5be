"""What does ``python -m kalib`` do? The same as ``kalib``."""

from kalib.cli import main

if __name__ == "__main__":
    main()
