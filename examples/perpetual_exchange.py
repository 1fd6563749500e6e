"""Run a small exchange: a long and a short in tiers of margin, a warning, and a close of just as much as restores the margin."""

from seawall.engine.engine import Engine
from seawall.fixed import WAD
from seawall.ledger.account import encode_account
from seawall.ledger.asset import Asset
from seawall.ledger.deployment import OracleRule, Policy
from seawall.ledger.event import DeploymentOpened, Fill, FillsReported, OracleRound, PositionsChanged, PriceObserved
from seawall.ledger.market import COLLATERAL, DEBT, MarginTier, Market, MarketState, RiskParameters, slot_of
from seawall.ledger.order import CancelOrder, LiftWarning, Liquidate, Order, SettleFill, WarnAccount
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named

USD, BTC = 0, 1
DOLLAR, COIN = 10**6, 10**8
TIERS = (MarginTier(0, WAD // 100), MarginTier(100_000 * WAD, WAD // 40), MarginTier(1_000_000 * WAD, WAD // 20))
MARKETS = (
    Market("USD", USD, USD, RiskParameters(0, WAD, 0)),
    Market("BTC", BTC, BTC, RiskParameters(0, 0, liquidation_bonus_ratio=WAD // 200), margin_tiers=TIERS),
)
ACCOUNTS = {name: encode_account(name, 32) for name in ("long", "short")}


def opened(account: bytes, first: tuple[int, int], second: tuple[int, int]) -> PositionsChanged:
    """Return the event that an account got two balances, each of a slot, at once: a contract and its cash."""
    moves = (first, second)
    slots = b"".join(slot.to_bytes(2, "little") for slot, _ in moves)
    amounts = b"".join(amount.to_bytes(16, "little", signed=True) for _, amount in moves)
    return PositionsChanged(0, account * 2, slots, amounts)


def priced(dollars: int) -> PriceObserved:
    """Return the event that a bitcoin costs so much."""
    return PriceObserved(0, (OracleRound(USD, WAD, 0), OracleRound(BTC, dollars * WAD, 0)))


def said(order: Order) -> str:
    """Return an order in a few words."""
    match order:
        case WarnAccount():
            return f"warn, margin {order.health_factor_ratio / WAD:.4f} times over"
        case LiftWarning():
            return f"lift the warning, {order.reason.value}"
        case Liquidate():
            return f"offer {order.seize_amount_at_max} units for {order.repay_amount_max}"
        case SettleFill():
            return f"closed, margin {order.health_factor_ratio_after / WAD:.6f} times over"
        case CancelOrder():
            return f"the order ends, {order.reason.value}"
    return type(order).__name__


def main() -> None:
    """Let both trade 3 BTC at 60,000, let the price fall, and fill what is offered."""
    engine = Engine(protocol_named, TriggerBook)
    engine.apply(
        DeploymentOpened(
            0, "perpetual@1", 32, (Asset("USD", 6), Asset("BTC", 8)), MARKETS, (MarketState(), MarketState()),
            (OracleRule(), OracleRule()), Policy(warning_health_ratio=2 * WAD),
        )
    )  # fmt: skip
    engine.apply(priced(60_000))
    # The entry price is in the cash: a long of 180,000 on 9,000 owes the rest, a short has its proceeds beside its 9,000.
    bought, sold = (slot_of(BTC, COLLATERAL), 3 * COIN), (slot_of(BTC, DEBT), 3 * COIN)
    engine.apply(opened(ACCOUNTS["long"], bought, (slot_of(USD, DEBT), 171_000 * DOLLAR)))
    engine.apply(opened(ACCOUNTS["short"], sold, (slot_of(USD, COLLATERAL), 189_000 * DOLLAR)))
    names = {account: name for name, account in ACCOUNTS.items()}
    for dollars in (60_000, 58_500, 57_900, 61_900, 62_400):
        orders = engine.apply(priced(dollars))
        for order in orders:
            print(f"{dollars}  {names[order.account]:5}  {said(order)}")
            if isinstance(order, Liquidate):
                pair = (order.debt_market, order.collateral_market)
                fill = Fill(order.order_id, 0, order.account, 1, *pair, order.repay_amount_max)
                for answer in engine.apply(FillsReported(0, (fill,))):
                    print(f"       {names[answer.account]:5}  {said(answer)}")


if __name__ == "__main__":
    main()
