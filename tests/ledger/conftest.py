"""Small order logs to be read and judged, and the large real one where it is present."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from kalib import ledger
from kalib.ledger import LedgerReport
from kalib.settings import Job

COLUMNS = {"customer_id": "customer", "order_id": "order", "order_date": "date", "amount": "amount"}
HEADER = "customer,order,date,amount\n"
LINE = "ann,1,2024-01-05,10.00\n"


@dataclass(frozen=True)
class Desk:
    """A folder with an orders file; ``build`` reads it into ``out``."""

    folder: Path

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def put(self, content: str | bytes, name: str = "orders.csv") -> Path:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def job(
        self,
        *,
        source: str | Sequence[str] = "orders.csv",
        columns: Mapping[str, str] | None = None,
        read: Mapping[str, object] | None = None,
        **settings: object,
    ) -> Job:
        """Return a job that reads the file."""
        mapped = dict(COLUMNS if columns is None else columns)
        file = self.folder / "job.yaml"
        return Job.model_validate(
            {"job": "desk", "source": source, "columns": mapped, "read": read or {}, "file": file, **settings}
        )

    def build(self, content: str | bytes | None = None, **settings: object) -> LedgerReport:
        """Write the content as orders.csv and build the ledger from it."""
        if content is not None:
            self.put(content)
        return ledger.build(self.job(**settings), self.out)

    def table(self, name: str) -> pd.DataFrame:
        """Return a table that was built."""
        return pd.read_parquet(self.out / "tables" / f"{name}.parquet")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
