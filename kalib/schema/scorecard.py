"""What do the score and its criteria mean?"""

from __future__ import annotations

from kalib.schema.dictionary import Column, Table

_CRITERIA = ("purchasing_power", "loyalty", "profit", "potential", "influence", "satisfaction", "risk")

COLUMNS: dict[str, Column] = {
    "account_class": Column(
        "code",
        "scored; little_known: too small a share of the weights rests on known criteria; no_order: none of its orders stands "
        "(it only returned, or all were cancelled); prospect: never had an order",
    ),
    "key_account_score": Column("0 to 1", "weighted mean of the criteria that are known of the account; 1 is best"),
    "key_account_rank": Column(
        "count", "rank by score, 1 is best, equal scores share the better rank; scored accounts only"
    ),
    "is_key_account": Column("yes or no", "key by the job's rule, or as a named person overrode it"),
    "key_by_rule": Column("yes or no", "key by the job's rule alone"),
    "rule_result": Column(
        "code",
        "met, little_known, no_order, prospect, spread_thin (the business has no key accounts), or the parts of the rule that are "
        "not met: score, rank, value",
    ),
    "known_weight_share": Column("share", "share of the weights that rests on criteria known of the account"),
    "selection_frequency": Column(
        "share", "share of resampled order histories in which the rule selects the account; no probability of being key"
    ),
    "selection_class": Column("code", "certain from .9, likely from .5, borderline from .1, else unlikely"),
    "earlier_lists": Column("count", "on how many of the lists of one to four weeks earlier the account stands"),
    "weightings": Column("count", "how many of the sets of weights that can be made put the account on the list"),
    "rank_best": Column("count", "best rank by score under any of the sets of weights tried"),
    "rank_worst": Column("count", "worst rank by score under any of the sets of weights tried"),
    "lifted_by": Column("code", "criterion that lifts the score most above the mean account's"),
    "lifted_by_next": Column("code", "the criterion that does so next most"),
    "held_back_by": Column("code", "criterion that lowers the score most below the mean key account's"),
    "smallest_change": Column(
        "share",
        "smallest change of one weight, as a share of it, that puts the account on the list or takes it off; absent where none does",
    ),
    "smallest_change_criterion": Column("code", "the criterion whose weight that is"),
    "override_by": Column("text", "who put the account on the list or took it off"),
    "override_date": Column("date", "day from which that holds"),
    "override_reason": Column("text", "why, in that person's words"),
    **{
        f"{name}_{what}": Column("0 to 1", meaning.format(name=name.replace("_", " ")))
        for name in _CRITERIA
        for what, meaning in (
            ("score", "criterion {name}: mean of its known measures, 1 is best (for risk: the least)"),
            ("contribution", "what the criterion {name} gives to the score; the contributions add up to it"),
        )
    },
    "measure": Column("code", "figure that a criterion is made of: a column of the house or one worked out of several"),
    "criterion": Column("code", "criterion of the key-account score"),
    "measure_value": Column("as the measure", "the account's figure"),
    "measure_score": Column("0 to 1", "that figure on the scale of the score, 1 is best"),
}

TABLES: dict[str, Table] = {
    "scorecard": Table("account", ("customer_id",), ("key_account_score", "key_account_rank", "is_key_account")),
    "scorecard_measures": Table(
        "account and measure known of it, for key accounts and close calls",
        ("customer_id", "criterion", "measure"),
        ("measure_value", "measure_score"),
    ),
}
