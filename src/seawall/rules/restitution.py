"""Restitution: what borrowers get back when a price that liquidated them is later ruled invalid.

    claim of a fill = seized value + fee value - repaid value, not below zero         (bonus and fee, at the prices of the fill)
    paid to account i = its share of min(what the fund holds, sum of floor(claim_k in the paid asset)), pro rata to claims
A ruling covers fills from its first moment on and before its last, whose debt or collateral is in the asset. An account's
fills are one claim. Nobody is paid more than its claim; largest remainders get the last units, equal ones in order of the
account's bytes. The market's move is not given back, only what the liquidation itself took.
"""

from collections.abc import Iterable, Sequence

from seawall.fixed import mul_div_down
from seawall.ledger.restitution import Penalty
from seawall.rules.capped_pro_rata import capped_pro_rata_shares
from seawall.units import Amount, Milliseconds, Price, Value


def penalty_value(seize_value: Value, fee_value: Value, repay_value: Value) -> Value:
    """Return what a settlement took from its account beyond what it repaid; rounding alone makes that negative."""
    return max(0, seize_value + fee_value - repay_value)


def is_ruled(penalty: Penalty, asset: int, from_at: Milliseconds, until_at: Milliseconds) -> bool:
    """Return whether a ruling on an asset's price, from one moment on and before another, covers a settlement."""
    return asset in (penalty.debt_asset, penalty.collateral_asset) and from_at <= penalty.at < until_at


def claims_of(penalties: Iterable[Penalty]) -> list[tuple[bytes, Value]]:
    """Return each account's claim, in order of the account's bytes; none is zero."""
    claims: dict[bytes, Value] = {}
    for penalty in penalties:
        claims[penalty.account] = claims.get(penalty.account, 0) + penalty.value
    return sorted((account, value) for account, value in claims.items() if value)


def restitution_amounts(values: Sequence[Value], held_amount: Amount, price: Price, unit: Amount) -> list[Amount]:
    """Return what each claim is paid out of what a fund holds of an asset at its price, each rounded down."""
    caps = [mul_div_down(value, unit, price) for value in values]
    return capped_pro_rata_shares(held_amount, values, caps)
