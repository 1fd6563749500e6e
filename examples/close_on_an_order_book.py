"""Close a long of contracts against the bids of an order book, block by block: own orders first, then a limit, a pace, a fund.

The account owns 40 contracts at a mark price of 1,000 and has 1,500 of equity left against a maintenance margin of 2,000.
"""

from seawall.fixed import WAD, mul_div_up
from seawall.rules.bankruptcy_price import bankruptcy_price
from seawall.rules.order_book import Level, close_out, close_out_limit_price, paced_amount, shown_amount
from seawall.rules.order_margin import exposure_amount

UNIT = 10**6
MARK_PRICE = 1_000 * WAD
MARGIN_PRICE = 50 * WAD  # maintenance margin of one contract
FUND_RATIO = WAD // 5  # the fund gives up to 20 of every 100 of margin that a close sets free
FUND_BUDGET = 100 * WAD
SHARE = WAD // 2
BLOCKS = (
    [Level(998 * WAD, 10 * UNIT), Level(975 * WAD, 6 * UNIT), Level(940 * WAD, 30 * UNIT)],
    [Level(960 * WAD, 8 * UNIT), Level(948 * WAD, 20 * UNIT)],
    [Level(990 * WAD, 60 * UNIT)],
)


def main() -> None:
    """Print what each block closes, at what, and what the fund pays."""
    held, equity_value, fund_value = 40 * UNIT, 1_500 * WAD, FUND_BUDGET
    print(
        "open orders may make it",
        exposure_amount(held, 5 * UNIT, 0) // UNIT,
        "contracts; cancelled, it is",
        held // UNIT,
    )
    for nth, levels in enumerate(BLOCKS, start=1):
        margin_value = mul_div_up(held, MARGIN_PRICE, UNIT)
        if equity_value >= margin_value:
            break
        bankrupt = bankruptcy_price(MARK_PRICE, equity_value, margin_value, margin_value, held, UNIT, is_short=False)
        limit = close_out_limit_price(bankrupt, MARGIN_PRICE, FUND_RATIO, is_sale=True)
        pace = paced_amount(held, shown_amount(levels, limit, is_sale=True), SHARE, 20 * UNIT)
        closed = close_out(levels, pace, UNIT, limit, bankrupt, fund_value, is_sale=True)
        held -= closed.amount
        fund_value -= closed.fund_value
        equity_value += closed.quote_value + closed.fund_value - mul_div_up(closed.amount, MARK_PRICE, UNIT)
        print(
            f"block {nth}: bankrupt at {bankrupt / WAD:.1f}, limit {limit / WAD:.1f}, closes {closed.amount / UNIT:g}"
            f" for {closed.quote_value / WAD:.0f}, the fund pays {closed.fund_value / WAD:.0f};"
            f" {held / UNIT:g} left, equity {equity_value / WAD:.0f}"
        )
    print("is above its margin:", equity_value >= mul_div_up(held, MARGIN_PRICE, UNIT))


if __name__ == "__main__":
    main()
