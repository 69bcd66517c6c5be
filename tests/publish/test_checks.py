"""Is a job refused before a row is read where its settings alone tell that it cannot be?"""

from __future__ import annotations

from pathlib import Path

import pytest

from kalib.errors import SettingsError
from kalib.publish.checks import check_job
from kalib.settings import Job

CONTRADICTION = {"profit/loyalty": 9, "loyalty/risk": 9, "profit/risk": "1/9"}
OFF = dict.fromkeys(("purchasing_power", "potential", "influence", "satisfaction"), False)


def make_job(**more: object) -> Job:
    columns = {"customer_id": "c", "order_date": "d", "amount": "a"}
    return Job(job="tiny", source="orders.csv", columns=columns, file=Path("tiny.yaml"), **more)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"tiers": {"features": {"margin_365_days": {"weight": 1, "scale": "root4"}}}},
        {"scorecard": {"criteria": {"satisfaction": {"measures": ["satisfaction", "returns_share_365_days"]}}}},
        {"as_of": "2026-06-30", "migration": {"before": "2026-06-29"}, "tiers": {"learn_as_of": "2026-06-30"}},
        {"scorecard": {"ahp": CONTRADICTION}},  # only compared with
        {"scorecard": {"criteria": OFF, "weights": "ahp", "ahp": CONTRADICTION, "force": True}},
    ],
)
def test_what_can_be_run_is(more: dict) -> None:
    check_job(make_job(**more))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"tiers": {"features": {"net_sales_365_day": {}}}},
            r"`tiers\.features\.net_sales_365_day`: there is no figure `net_sales_365_day`; did you mean `net_sales_365_days`\?",
        ),
        (
            {"scorecard": {"criteria": {"risk": {"measures": ["overdue_shares"]}}}},
            r"`scorecard\.criteria\.risk\.measures\.overdue_shares`: there is no figure .* did you mean `overdue_share`",
        ),
        (
            {"as_of": "2026-06-30", "migration": {"before": "2026-06-30"}},
            r"`migration\.before: 2026-06-30` must lie before `as_of: 2026-06-30`",
        ),
        ({"as_of": "2026-06-30", "rfm": {"learn_as_of": "2026-07-01"}}, r"`rfm\.learn_as_of: 2026-07-01` lies after"),
        (
            {"scorecard": {"criteria": OFF, "weights": "ahp", "ahp": CONTRADICTION}},
            r"`scorecard\.ahp`: The judgements in the job file contradict each other: their consistency ratio is",
        ),
        ({"tiers": {"model": "no/tiers.skops"}}, r"tiers\.skops: there is no such model"),
    ],
)
def test_what_cannot_is_refused(more: dict, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        check_job(make_job(**more))
