"""The table of rules is one: what the code does, what the document says, what a job may change."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalib.errors import SettingsError
from kalib.ledger.rules import REFUSALS, RULES, choose_actions, print_rules

DOCUMENT = Path(__file__).parents[2] / "docs" / "rules.md"
HOUSE = Path(__file__).parents[2] / "kalib"


def test_the_document_is_printed_from_the_table():
    assert DOCUMENT.read_text(encoding="utf-8") == print_rules() + "\n"


def test_a_job_changes_what_a_rule_does():
    assert choose_actions({}, job_file="job.yaml")["sign_conflict"] == "set_aside"
    assert choose_actions({"sign_conflict": "refused"}, job_file="job.yaml")["sign_conflict"] == "refused"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"sign_conflct": "refused"},
            "job.yaml: `rules.sign_conflct`: there is no such rule; did you mean `sign_conflict`?",
        ),
        (
            {"customer_missing": "accepted"},
            "job.yaml: `rules.customer_missing: accepted`: this rule can be set_aside or refused.",
        ),
    ],
)
def test_what_cannot_be_is_refused(changes, said):
    with pytest.raises(SettingsError) as caught:
        choose_actions(changes, job_file="job.yaml")
    assert str(caught.value) == said


def test_a_rule_is_either_met_or_a_refusal():
    assert not set(RULES) & set(REFUSALS)


@pytest.mark.parametrize("rule", sorted(REFUSALS))
def test_every_refusal_is_one_that_the_code_knows(rule):
    assert any(
        f'"{rule}"' in path.read_text(encoding="utf-8") for path in HOUSE.rglob("*.py") if path.name != "rules.py"
    )
