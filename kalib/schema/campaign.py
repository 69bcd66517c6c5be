"""What is said of acting on those who may leave?"""

from __future__ import annotations

from kalib.schema.dictionary import Column, Table

COLUMNS: dict[str, Column] = {
    "value_at_stake": Column(
        "currency",
        "what is lost if the account places no order in the horizon: lifetime value given that it is a customer "
        "still (without lifetime values the margin, or else the net sales, of the 365 days before), times the share of such "
        "accounts that stayed away for a year in the past, where the history tells and stake_basis is away; 0 at least",
    ),
    "expected_loss": Column(
        "currency",
        "probability of leaving within the horizon times value at stake; absent where stake_basis is overdue",
    ),
    "campaign_rank": Column(
        "count",
        "rank by expected gain of acting or, where that is not known, by expected loss; where stake_basis is overdue, that of the list of "
        "those at risk; 1 is first",
    ),
    "break_even_rate": Column(
        "share", "success rate from which acting on the account pays; absent where even a sure success would not"
    ),
    "break_even_cost": Column("currency", "cost up to which acting on the account pays, at the job's success rate"),
    "expected_cost": Column("currency", "cost of acting on the account, that of an accepted offer included"),
    "expected_gain": Column("currency", "expected profit of acting on the account, its cost taken off"),
    "act": Column("yes or no", "acting on the account is expected to bring more than it costs"),
}

TABLES: dict[str, Table] = {
    "campaign": Table(
        "account that may leave, has ordered more than once, can be reached and has a value",
        ("customer_id",),
        ("churn_probability", "value_at_stake", "stake_basis", "campaign_rank"),
    ),
}
