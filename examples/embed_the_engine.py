"""Embed the engine: open a deployment, let a price fall, fill the order that it gives, and print what it says.

Nothing here touches a file or the network: events go in through `apply`, orders come out.
"""

from msgspec.structs import asdict

from seawall.engine.engine import Engine
from seawall.fixed import RAY, WAD
from seawall.ledger.account import decode_account, encode_account
from seawall.ledger.asset import Asset
from seawall.ledger.deployment import OracleRule, Policy
from seawall.ledger.event import (
    BALANCE_WIDTH,
    SLOT_WIDTH,
    BlockObserved,
    DeploymentOpened,
    Event,
    Fill,
    FillsReported,
    OracleRound,
    PositionsChanged,
)
from seawall.ledger.market import COLLATERAL, DEBT, Market, MarketState, RiskParameters, slot_of
from seawall.ledger.order import Liquidate
from seawall.ledger.refusal import Refusal
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named

ETH, USDC = 0, 1
BORROWER = encode_account("borrower", 32)


def opening() -> DeploymentOpened:
    """Return two assets, a market of each, and no buffers."""
    ether = RiskParameters(
        max_loan_to_value_ratio=80 * WAD // 100,
        liquidation_threshold_ratio=83 * WAD // 100,
        liquidation_bonus_ratio=5 * WAD // 100,
        liquidation_fee_ratio=10 * WAD // 100,
    )
    dollar = RiskParameters(75 * WAD // 100, 78 * WAD // 100, 4 * WAD // 100)
    return DeploymentOpened(
        at=0,
        protocol="aave_v3@3.6",
        account_width=32,
        assets=(Asset("ETH", 18), Asset("USDC", 6)),
        markets=(Market("ETH", ETH, ETH, ether), Market("USDC", USDC, USDC, dollar, debt_rate_ray=5 * RAY // 100)),
        market_states=(MarketState(), MarketState()),
        oracle_rules=(OracleRule(), OracleRule()),
        policy=Policy(),
    )


def positions() -> PositionsChanged:
    """Return one account: 10 ETH of collateral, 14,000 USDC of debt."""
    rows = ((slot_of(ETH, COLLATERAL), 10 * 10**18), (slot_of(USDC, DEBT), 14_000 * 10**6))
    return PositionsChanged(
        at=0,
        accounts=BORROWER * len(rows),
        slots=b"".join(slot.to_bytes(SLOT_WIDTH, "little") for slot, _ in rows),
        deltas=b"".join(balance.to_bytes(BALANCE_WIDTH, "little") for _, balance in rows),
    )


def block(number: int, ether_price: int) -> BlockObserved:
    """Return a block in which both feeds published; twelve seconds lie between two blocks."""
    at = 12_000 * number
    rounds = (OracleRound(ETH, ether_price * WAD, at), OracleRound(USDC, WAD, at))
    return BlockObserved(at=at, number=number, rounds=rounds)


def fill_of(order: Liquidate) -> FillsReported:
    """Return a keeper's fill of the whole order, in block 3."""
    fill = Fill(
        order_id=order.order_id,
        fill_id=1,
        account=order.account,
        keeper=7,
        debt_market=order.debt_market,
        collateral_market=order.collateral_market,
        repay_amount=order.repay_amount_max,
    )
    return FillsReported(at=12_000 * 3, fills=(fill,))


def shown(value: object) -> object:
    """Return an order's field as a person would write it."""
    match value:
        case bytes():
            return decode_account(value)
        case Refusal():
            return value.value
        case _:
            return value


def main() -> None:
    """Apply five events and print every order in full."""
    engine = Engine(protocol_named, FullRecompute)

    def apply(event: Event) -> tuple[object, ...]:
        orders = engine.apply(event)
        print(f"{type(event).__name__} at {event.at // 1000} s: {len(orders)} order(s)")
        for order in orders:
            print(f"  {type(order).__name__}")
            for name, value in asdict(order).items():
                print(f"    {name:26} {shown(value)}")
        return orders

    apply(opening())
    apply(positions())
    apply(block(1, ether_price=2_000))
    (order,) = apply(block(2, ether_price=1_650))
    assert isinstance(order, Liquidate)
    apply(fill_of(order))


if __name__ == "__main__":
    main()
