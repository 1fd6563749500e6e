"""dYdX v4's margin: net collateral, initial and maintenance margin of an account, in quote quantums, as the chain adds them up.

    notional  N = trunc(|S| * P)                 net value  +N for a long, -N for a short
    IMR_base  = ceil(N * imf)                    MMR = ceil(IMR_base * maintenance fraction), two roundings up
    IMR       = ceil(N * imf_eff)                imf_eff = imf + trunc((1 - imf) * (OI - lower) / (upper - lower)), within [imf, 1]

imf and the fraction are parts in a million. Open interest OI raises the margin of opening only. A market is given by its initial
and maintenance ratio; the fraction is their quotient. Cash counts at par, whatever its price. What funding has moved since
entry, which the chain settles first, is taken off rounded against the account.
"""

from typing import Final, NamedTuple

from seawall.fixed import WAD, div_down, mul_div_down, mul_div_up
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, Market, market_of, side_of, slot_of
from seawall.units import Amount, Balance, Price, Value

PPM: Final = 10**6
_WAD_PER_PPM: Final = 10**12


class Risk(NamedTuple):
    """Net collateral NC and the margins, quote quantums; the rule divides nothing."""

    net_collateral: int
    initial: int
    maintenance: int

    def __add__(self, other: object) -> "Risk":
        """Return the sums."""
        assert isinstance(other, Risk), other
        return Risk(*(left + right for left, right in zip(self, other, strict=True)))

    @property
    def is_liquidatable(self) -> bool:
        """Whether there is a margin to keep and it is not kept."""
        return self.maintenance > 0 and self.maintenance > self.net_collateral


class Contract(NamedTuple):
    """One contract of an account, in base quantums."""

    number: int
    market: Market
    is_short: bool
    balance: Balance
    price: Price
    unit: Amount
    quote_unit: Amount

    def notional(self, balance: Balance, price: Price) -> int:
        """Return what so much is worth at a price, in quote quantums towards zero."""
        return mul_div_down(balance * price, self.quote_unit, self.unit * WAD)

    def net_value(self, balance: Balance) -> int:
        """Return what so much of it adds to the net collateral."""
        worth = self.notional(balance, self.price)
        return -worth if self.is_short else worth

    def maintenance(self, balance: Balance) -> int:
        """Return the maintenance margin of so much."""
        return maintenance_quantums(self.notional(balance, self.price), self.market)

    def risk(self, deployment: Deployment) -> Risk:
        """Return what the whole position adds, its funding included."""
        notional = self.notional(self.balance, self.price)
        ppm = initial_ppm(self.market, open_interest_value(deployment, self))
        net = self.net_value(self.balance) - self.funding(deployment, self.balance)
        return Risk(net, mul_div_up(notional, ppm, PPM), self.maintenance(self.balance))

    def funding(self, deployment: Deployment, balance: Balance) -> int:
        """Return what so much of it owes of funding since its entry, rounded up."""
        value = deployment.market_states[self.number].funding_value
        return mul_div_up(balance * (-value if self.is_short else value), self.quote_unit, self.unit * WAD)


def maintenance_quantums(notional: int, market: Market) -> int:
    """Return the maintenance margin of a notional value."""
    base, fraction = _ppm(market)
    return mul_div_up(mul_div_up(notional, base, PPM), fraction, PPM)


def initial_ppm(market: Market, open_interest: Value) -> int:
    """Return the initial margin fraction at an open interest."""
    base, _ = _ppm(market)
    lower, upper = market.open_interest_bounds
    if not upper:
        return base
    return min(max(base + div_down((PPM - base) * (open_interest - lower), upper - lower), base), PPM)


def open_interest_value(deployment: Deployment, contract: Contract) -> Value:
    """Return what all longs of a contract are worth, WAD in whole quote quantums."""
    longs = deployment.book.balance_totals[slot_of(contract.number, COLLATERAL)]
    return contract.notional(longs, contract.price) * div_down(WAD, contract.quote_unit)


def are_parts_in_a_million(market: Market) -> bool:
    """Return whether the market's ratios are fractions that the chain can hold."""
    tier = market.margin_tiers[0]
    base, fraction = _ppm(market)
    is_initial = base * _WAD_PER_PPM == tier.initial_ratio
    return is_initial and base > 0 and fraction * tier.initial_ratio == tier.maintenance_ratio * PPM


def _ppm(market: Market) -> tuple[int, int]:
    """Return the initial margin fraction and the maintenance fraction of it."""
    tier = market.margin_tiers[0]
    return div_down(tier.initial_ratio, _WAD_PER_PPM), mul_div_down(tier.maintenance_ratio, PPM, tier.initial_ratio)


def contracts_of(deployment: Deployment, row: int, quote_unit: Amount) -> list[Contract] | None:
    """Return the account's contracts in order of markets, or None where a price is unknown."""
    contracts = []
    for slot, balance in sorted(deployment.book.positions(row)):
        number = market_of(slot)
        market = deployment.markets[number]
        if not market.margin_tiers:
            continue
        price = deployment.prices[market.debt_asset]
        if price is None:
            return None
        unit = deployment.units[market.debt_asset]
        contracts.append(Contract(number, market, side_of(slot) == DEBT, balance, price, unit, quote_unit))
    return contracts
