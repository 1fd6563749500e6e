"""Compute one account's health under several protocols, each as its contract rounds, and its liquidation price."""

from seawall.fixed import WAD
from seawall.ledger.account import encode_account
from seawall.ledger.asset import Asset
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, Market, MarketState, RiskParameters, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.catalogue import protocol_named
from seawall.rules.margin import liquidation_price

ETH, USDC = 0, 1
ETHER_AMOUNT, DOLLAR_AMOUNT = 10 * 10**18, 14_000 * 10**6
RISK = RiskParameters(
    max_loan_to_value_ratio=80 * WAD // 100,
    liquidation_threshold_ratio=80 * WAD // 100,
    liquidation_bonus_ratio=5 * WAD // 100,
    close_factor_ratio=50 * WAD // 100,
)


def deployment_at(ether_price: int) -> Deployment:
    """Return a deployment with one account: 10 ETH of collateral, 14,000 USDC of debt."""
    deployment = Deployment(
        assets=(Asset("ETH", 18), Asset("USDC", 6)),
        markets=(Market("ETH", ETH, ETH, RISK), Market("USDC", USDC, USDC, RISK)),
        market_states=(MarketState(), MarketState()),
        account_width=32,
    )
    deployment.prices = [ether_price * WAD, WAD]
    row = deployment.book.add_account(encode_account("borrower", 32))
    deployment.book.set_balance(row, slot_of(ETH, COLLATERAL), ETHER_AMOUNT)
    deployment.book.set_balance(row, slot_of(USDC, DEBT), DOLLAR_AMOUNT)
    return deployment


def main() -> None:
    """Print a line for each protocol and price, then the price at which the account becomes liquidatable."""
    print("protocol       ETH price  health factor         what a keeper may do")
    for label in ("aave_v3@3.6", "compound_v2@2", "seawall@1"):
        protocol = protocol_named(label)
        for ether_price in (2_000, 1_750, 1_600, 1_200):
            deployment = deployment_at(ether_price)
            health = protocol.health(deployment, row=0)
            limit = protocol.liquidation_limit(deployment, row=0)
            assert not isinstance(health, Refusal)
            offer = (
                limit.value
                if isinstance(limit, Refusal)
                else f"repay {limit.repay_amount} USDC units, seize {limit.seize_amount} wei"
            )
            print(f"{label:14} {ether_price:9}  {health.health_factor_ratio:>19}  {offer}")
    price = liquidation_price(ETHER_AMOUNT, 0, 10**18, RISK.liquidation_threshold_ratio, 0, 14_000 * WAD)
    print(f"liquidatable at a price of ETH of {price} and below, in WAD")


if __name__ == "__main__":
    main()
