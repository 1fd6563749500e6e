"""One concept, one name: identifiers of the ledger, the rules and the engine use none of the words that mean it elsewhere.

A word counts wherever it stands in an identifier (`reserve_amount`, `BankState`), two words where they stand together
(`protocol_fee`). A few are only wrong alone: `bad_debt` is not called `deficit`, but `margin_deficit` is its own concept.
"""

import ast
import re

from tests.tidy.source_tree import Module, complain, rooms

# concept: words, or words that go together, that never mean it. `health` alone is the protocol interface's own word.
NEVER = {
    "account": "user urn trove violator subaccount obligation",
    "position": "leg holding",
    "market": "reserve ilk bank branch pool",
    "collateral": "deposit ink",
    "debt": "liability borrow owed art",
    "debt_index": "accumulator",
    "unit_of_account": "numeraire base_currency usd",
    "equity": "net_worth account_value",
    "weighted_collateral": "borrowing_power adjusted_value liquidity",
    "loan_to_value": "ltv",
    "max_loan_to_value": "collateral_factor",
    "liquidation_threshold": "lltv mat mcr",
    "initial_margin": "imr im",
    "maintenance_margin": "mmr mm",
    "health_factor": "margin_ratio cr score",
    "liquidatable": "unsafe unhealthy violation",
    "insolvent": "underwater bankrupt",
    "margin_deficit": "shortfall",
    "close_factor": "max_portion",
    "soft_liquidation": "llamma",
    "repay_amount": "yield dart",
    "seize_amount": "dink cover",
    "liquidation_bonus": "incentive lif discount premium",
    "liquidation_fee": "protocol_fee",
    "liquidation_penalty": "chop",
    "bad_debt": "sin unbacked",
    "loss_waterfall": "loss_cascade",
    "insurance_fund": "treasury safety_module",
    "backstop": "lp_vault",
    "socialized_loss": "clawback mutualization mutualisation",
    "pre_emptive_deleveraging": "predictive_liquidation",
    "liquidation_price": "trigger",
    "bankruptcy_price": "zero_price",
    "oracle_round": "update answer",
    "observed_price": "raw_price",
    "index_price": "reference_price",
    "mark_price": "fair_price",
    "execution_price": "fill_price",
    "heartbeat": "interval",
    "price_age": "freshness",
    "confidence": "spread",
    "dutch_auction": "clip flip",
    "start_price": "top calc",
    "floor_price": "reserve_price",
    "reset": "redo",
    "clearing_price": "uniform_price",
    "keeper": "liquidator bot searcher guardian",
    "keeper_reward": "chip",
    "venue": "dex",
    "route": "path",
    "deployment": "instance",
    "order": "trade",
    "settlement": "tx",
    "tip": "bribe",
    "finality": "confirmation",
    "circuit_breaker": "pause sentinel",
    "value_at_risk": "cvar",
    "cascade": "spiral",
    "contagion": "domino",
    "signal": "prediction hint",
    "journal": "log wal",
    "snapshot": "checkpoint",
    "replay": "backtest",
}
NEVER_ALONE = {
    "bad_debt": "deficit",
    "auto_deleveraging": "deleverage",
    "divergence": "deviation",
    "max_loan_to_value": "ltv",
}
ALLOWED = {
    "InvariantViolation": "the name in the exception tree; no account is meant",
    "FEE_RESERVE": "the first buffer of the loss waterfall is called so in the field",
}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def identifiers(module: Module) -> dict[str, str]:
    """Every name that a module gives or uses, with the first place; attributes of others only where it sets them."""
    found: dict[str, str] = {}
    for node in ast.walk(module.tree):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name, ctx=ast.Store()):
                found.setdefault(name, module.place(node))
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.setdefault(name, module.place(node))
    return found


def words_of(identifier: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(identifier)]


def concept_misnamed(identifier: str) -> str | None:
    """The concept whose name this identifier should use instead, or None."""
    spelled = "_" + "_".join(words_of(identifier)) + "_"
    for concept, never in NEVER.items():
        if any(f"_{word}_" in spelled or f"_{word}s_" in spelled for word in never.split()):
            return concept
    return next((concept for concept, word in NEVER_ALONE.items() if spelled.strip("_") == word), None)


def test_identifiers_use_the_one_name_of_each_concept():
    complain(
        "other words for a concept of the glossary",
        [
            f"{place} {identifier}: say {concept}"
            for module in rooms("ledger", "rules", "engine")
            for identifier, place in identifiers(module).items()
            if identifier not in ALLOWED and (concept := concept_misnamed(identifier))
        ],
    )


def test_what_is_allowed_for_a_reason_is_still_there():
    named = {identifier for module in rooms("ledger", "rules", "engine") for identifier in identifiers(module)}
    complain("a reason for an identifier that is gone", sorted(ALLOWED.keys() - named))


def test_the_glossary_sees_words_inside_identifiers():
    assert concept_misnamed("reserve_amount") == "market"
    assert concept_misnamed("BankState") == "market"
    assert concept_misnamed("protocol_fee_ratio") == "liquidation_fee"
    assert concept_misnamed("users") == "account"
    assert concept_misnamed("deficit") == "bad_debt"
    assert concept_misnamed("margin_deficit_value") is None
    assert concept_misnamed("bankruptcy_price") is None
