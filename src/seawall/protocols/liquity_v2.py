"""Liquity v2: one market a collateral, one debt coin; a stability pool pays for liquidations, and other troves after it.

    ratio = floor(collateral * price / debt)      liquidatable  iff  ratio < minimum      the coin counts as one

A trove is an account, with collateral and debt as their own balances. A liquidation closes it whole: the keeper repays
nothing and gets a reward; `liquity_v2_liquidation.py` says who pays. The pool always keeps one coin. The last trove of
a market cannot be liquidated, nor can debt be redistributed where no stake is left.
What is redistributed is written to all accounts of the market within the event, each rounded from its own last change
as the contract does when it looks; so a redistribution costs as much as the market has accounts, an offset does not.
A market's liquidation threshold is one over its minimum ratio, its bonus the pool's penalty, its fee the penalty of
redistribution. A call liquidates one trove. Not covered: borrowers' own interest rates (markets have none) and what
the pool earns of them, redemptions, the shutdown of a branch, the limits on opening.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from seawall.errors import ConfigError
from seawall.fixed import WAD, div_down, mul_div_down
from seawall.ledger.account import account_market
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, Market, RiskParameters, market_of, side_of, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.liquity_v2_liquidation import Exchange, liquidation_of, minimum_collateral_ratio
from seawall.protocols.protocol import BackstopDraw, BadDebt, Health, Limit, Proof, Protocol, Quote, ScreenSlack
from seawall.rules.margin import HEALTH_FACTOR_MAX
from seawall.rules.redistribution import entire_amounts, leave, note_stakes, redistribute, restake
from seawall.rules.stability_pool import offset
from seawall.units import Amount, Balance, Milliseconds

_POOL_PENALTY_MIN: Final = 5 * 10**16
_REDISTRIBUTION_USUAL: Final = 10**17
_PENALTY_MAX: Final = 2 * 10**17


class LiquityV2(Protocol):
    """The one version, which is immutable."""

    name = "liquity_v2"
    version = "1"
    proof = Proof.SOURCE_VECTORS
    accounts_are_per_market = True
    has_backstop = True
    debt_symbol = "BOLD"

    def nearest_parameters(self, parameters: RiskParameters) -> RiskParameters:
        """Return the threshold of the minimum ratio nearest to it, and penalties within the contract's limits."""
        bonus_ratio = min(max(parameters.liquidation_bonus_ratio, _POOL_PENALTY_MIN), _PENALTY_MAX)
        return msgspec.structs.replace(
            parameters,
            liquidation_threshold_ratio=div_down(WAD * WAD, minimum_collateral_ratio(parameters)),
            liquidation_bonus_ratio=bonus_ratio,
            liquidation_fee_ratio=min(
                max(parameters.liquidation_fee_ratio, bonus_ratio, _REDISTRIBUTION_USUAL), _PENALTY_MAX
            ),
            close_factor_ratio=0,
        )

    def check_markets(self, markets: Sequence[Market]) -> None:
        """Refuse categories, rates, two debt coins, two markets of a collateral, a minimum and penalties that cannot be."""
        collaterals: set[int] = set()
        for market in markets:
            parameters, symbol = market.parameters, market.symbol
            if market.categories or market.debt_rate_ray or market.collateral_rate_ray or market.fee_ratio:
                raise ConfigError(f"market {symbol} has categories, rates or a fee; {self.label} knows none here")
            if market.debt_asset != markets[0].debt_asset:
                raise ConfigError(f"market {symbol} lends another coin than {markets[0].symbol}; {self.label} has one")
            if market.collateral_asset in {*collaterals, market.debt_asset}:
                raise ConfigError(f"the collateral of market {symbol} is the coin or another market's")
            collaterals.add(market.collateral_asset)
            self._check_parameters(market)
            bonus_ratio, penalty_ratio = parameters.liquidation_bonus_ratio, parameters.liquidation_fee_ratio
            if not _POOL_PENALTY_MIN <= bonus_ratio <= penalty_ratio <= _PENALTY_MAX:
                raise ConfigError(
                    f"penalties {bonus_ratio} (pool, the bonus) and {penalty_ratio} (redistribution, the fee) of {symbol} "
                    f"do not rise from {_POOL_PENALTY_MIN} to {_PENALTY_MAX} (WAD)"
                )

    def _check_parameters(self, market: Market) -> None:
        """Refuse a threshold that is not one over a whole number of basis points above one."""
        threshold = market.parameters.liquidation_threshold_ratio
        if not 0 < threshold < WAD:
            raise ConfigError(
                f"liquidation threshold {threshold} of {market.symbol} is not within 1 .. {WAD - 1} (WAD)"
            )
        minimum = minimum_collateral_ratio(market.parameters)
        if abs(threshold * minimum - WAD * WAD) >= minimum:
            raise ConfigError(
                f"liquidation threshold {threshold} of {market.symbol} is not {div_down(WAD * WAD, minimum)}, one over "
                f"the minimum ratio {minimum} that is nearest to it in whole basis points (WAD)"
            )

    # -- balances and amounts -----------------------------------------------------------------------------

    def accrue(self, deployment: Deployment, to: Milliseconds) -> bool:
        """Return that nothing moves: markets bear no interest here."""
        return False

    def amount_of(self, deployment: Deployment, slot: int, balance: Balance) -> Amount:
        """Return the balance: it is the amount, with all that was redistributed to it."""
        return balance

    def balance_of(self, deployment: Deployment, slot: int, amount: Amount) -> Balance:
        """Return the amount: it is the balance."""
        return amount

    def restake(self, deployment: Deployment, rows: Iterable[int]) -> None:
        """Measure the stakes of accounts anew by the collateral that they have now."""
        book = deployment.book
        for row in rows:
            account = book.account_at(row)
            market = account_market(account)
            held, owed = book.balance(row, slot_of(market, COLLATERAL)), book.balance(row, slot_of(market, DEBT))
            restake(deployment.redistributions[market], account, held, owed)

    def backstop_amount_min(self, deployment: Deployment, market: int) -> Amount:
        """Return one coin."""
        return deployment.units[deployment.markets[market].debt_asset]

    # -- for the monitor ----------------------------------------------------------------------------------

    def margin_weight(self, deployment: Deployment, slot: int, category: int) -> tuple[int, int] | None:
        """Return the price over the minimum ratio for collateral, and one for debt: the rule itself."""
        market = deployment.markets[market_of(slot)]
        if side_of(slot) == DEBT:
            return WAD, deployment.units[market.debt_asset]
        price = deployment.prices[market.collateral_asset]
        if price is None:
            return None
        return price * WAD, deployment.units[market.collateral_asset] * minimum_collateral_ratio(market.parameters)

    def screen_slack(self, deployment: Deployment) -> ScreenSlack:
        """Return no slack: a ratio rounded down is below a whole number exactly where the ratio is."""
        return ScreenSlack(collateral_units=0, debt_units=0, collateral_ratio=0, debt_ratio=0, value=0)

    # -- the rule -----------------------------------------------------------------------------------------

    def _exchange(self, deployment: Deployment, number: int) -> Exchange | None:
        """Return what a market's amounts are counted in, or None while its collateral's price is unknown."""
        market, units = deployment.markets[number], deployment.units
        price = deployment.prices[market.collateral_asset]
        return None if price is None else Exchange(price, units[market.collateral_asset], units[market.debt_asset])

    def _amounts(self, deployment: Deployment, row: int) -> tuple[int, Amount, Amount]:
        """Return (market, collateral, debt) of an account."""
        number = account_market(deployment.book.account_at(row))
        collateral_amount = debt_amount = 0
        for slot, balance in deployment.book.positions(row):
            if side_of(slot) == DEBT:
                debt_amount = balance
            else:
                collateral_amount = balance
        return number, collateral_amount, debt_amount

    def health(self, deployment: Deployment, row: int) -> Health | Refusal:
        """Return the account's health; the health factor is the ratio over the minimum, rounded down once."""
        number, collateral_amount, debt_amount = self._amounts(deployment, row)
        exchange = self._exchange(deployment, number)
        if exchange is None:
            return Refusal.PRICE_MISSING
        minimum = minimum_collateral_ratio(deployment.markets[number].parameters)
        worth = collateral_amount * exchange.price
        owed_ratio = debt_amount * exchange.collateral_unit * minimum
        return Health(
            collateral_value=div_down(worth, exchange.collateral_unit),
            weighted_collateral_value=mul_div_down(worth, WAD, exchange.collateral_unit * minimum),
            debt_value=mul_div_down(debt_amount, WAD, exchange.debt_unit),
            health_factor_ratio=mul_div_down(worth * exchange.debt_unit, WAD, owed_ratio)
            if debt_amount
            else HEALTH_FACTOR_MAX,
            is_liquidatable=self.is_liquidatable(deployment, row),
        )

    def is_liquidatable(self, deployment: Deployment, row: int) -> bool:
        """Return whether the ratio is below the minimum."""
        number, collateral_amount, debt_amount = self._amounts(deployment, row)
        exchange = self._exchange(deployment, number)
        if exchange is None or not debt_amount:
            return False
        minimum = minimum_collateral_ratio(deployment.markets[number].parameters)
        return exchange.collateral_ratio(collateral_amount, debt_amount) < minimum

    def liquidation_limit(self, deployment: Deployment, row: int) -> Limit | Refusal:
        """Return that the keeper repays nothing, and its reward."""
        number = account_market(deployment.book.account_at(row))
        quote = self.quote(deployment, row, number, number, 0)
        return quote if isinstance(quote, Refusal) else Limit(number, number, 0, quote.seize_amount)

    def quote(
        self, deployment: Deployment, row: int, debt_market: int, collateral_market: int, repay_amount: Amount
    ) -> Quote | Refusal:
        """Return the exact amounts of closing the account; whatever is offered, the keeper repays nothing."""
        number, collateral_amount, debt_amount = self._amounts(deployment, row)
        exchange = self._exchange(deployment, number)
        if exchange is None:
            return Refusal.PRICE_MISSING
        if debt_market != number or not debt_amount:
            return Refusal.NO_DEBT
        if collateral_market != number:
            return Refusal.NO_COLLATERAL
        if not self.is_liquidatable(deployment, row):
            return Refusal.HEALTHY
        available_amount = max(
            0, deployment.backstops[number].amount - self.backstop_amount_min(deployment, number)
        )  # fmt: skip
        parameters = deployment.markets[number].parameters
        reward_amount, draw = liquidation_of(collateral_amount, debt_amount, available_amount, exchange, parameters)
        if not self._others_can_take(deployment, row, number, draw):
            return Refusal.LAST_ACCOUNT
        return Quote(
            row=row,
            debt_market=number,
            collateral_market=number,
            repay_amount=0,
            seize_amount=reward_amount,
            fee_amount=0,
            debt_balance=debt_amount,
            collateral_balance=collateral_amount,
            liquidation_bonus_ratio=0,
            draw=draw,
        )

    def _others_can_take(self, deployment: Deployment, row: int, number: int, draw: BackstopDraw) -> bool:
        """Return whether there are other accounts, and a stake among them where there is something to take over."""
        redistribution = deployment.redistributions[number]
        own = redistribution.stakes[deployment.book.account_at(row)]
        stake_left = redistribution.stake_total - own.stake
        return len(redistribution.stakes) > 1 and (stake_left > 0 or not draw.redistributed_debt_amount)

    def settle(self, deployment: Deployment, quote: Quote) -> None:
        """Close the account; let the pool pay its part, and spread the rest over all others."""
        draw, number, book = quote.draw, quote.debt_market, deployment.book
        assert draw is not None, quote
        account = book.account_at(quote.row)
        book.set_balance(quote.row, slot_of(number, DEBT), 0)
        book.set_balance(quote.row, slot_of(number, COLLATERAL), 0)
        redistribution = deployment.redistributions[number]
        leave(redistribution, account)
        if draw.offset_amount:
            offset(deployment.backstops[number], draw.offset_amount, draw.gain_amount)
        if draw.redistributed_debt_amount:
            redistribute(redistribution, draw.redistributed_collateral_amount, draw.redistributed_debt_amount)
            for other, stake in redistribution.stakes.items():
                row = book.row_of(other)
                collateral_amount, debt_amount = entire_amounts(redistribution, stake)
                book.set_balance(row, slot_of(number, COLLATERAL), collateral_amount)
                book.set_balance(row, slot_of(number, DEBT), debt_amount)
        note_stakes(redistribution)
        if draw.surplus_amount:
            surpluses = deployment.surplus_amounts
            surpluses[account] = surpluses.get(account, 0) + draw.surplus_amount

    def write_off(self, deployment: Deployment, row: int, settled: Quote | None) -> tuple[BadDebt, ...]:
        """Return nothing: what no pool pays, other accounts owe."""
        return ()


LIQUITY_V2: Final = (LiquityV2(),)
"""The versions, oldest first."""
