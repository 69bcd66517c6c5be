"""Turn CDNOW_master.txt into orders.csv: the same rows in the same order, with ISO dates.

Usage: python make.py CDNOW_master.txt [OUT_DIR]
CDNOW_master.txt lies in the folder `datasets` of the PyPI package lifetimes 0.11.3.
"""

import sys
from pathlib import Path


def main(source, out_dir):
    rows = [line.split() for line in Path(source).read_text(encoding="ascii").splitlines()[1:] if line.strip()]
    lines = ["customer_id,order_date,quantity,amount"]
    for customer_id, day, quantity, amount in rows:
        lines.append(f"{customer_id},{day[:4]}-{day[4:6]}-{day[6:]},{quantity},{amount}")
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / "orders.csv").write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent)
