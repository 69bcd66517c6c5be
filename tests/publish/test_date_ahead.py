"""Is a snapshot date that lies ahead refused, unless somebody asked for it?"""

from __future__ import annotations

import pytest

from kalib.errors import DataError
from kalib.publish.run import run_job
from tests.conftest import ORDERS, Workshop


def test_a_mistyped_year_does_not_move_the_report(workshop: Workshop) -> None:
    (workshop.root / "data" / "orders.csv").write_text(ORDERS + "ann,2093-04-01,6,1.00\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"2093-04-01, which is still to come.*`as_of:`"):
        run_job(workshop.job())
    assert not workshop.reports.exists()
