"""Aave v3.0 and v3.6 against their published formulas, written out a second time on bare integers."""

import random

import pytest
from tests.unit.protocols.deployments import open_account, pooled, risk

from seawall.ledger.refusal import Refusal
from seawall.protocols.catalogue import protocol_named

RAY, WAD = 10**27, 10**18
ACCOUNTS = 1_500
DECIMALS = (2, 6, 8, 18)


def ray_mul(a, b):
    return (a * b + RAY // 2) // RAY


def ray_div(a, b):
    return (a * RAY + b // 2) // b


def percent_mul(v, p):
    return (v * p + 5000) // 10000


def percent_div(v, p):
    return (v * 10000 + p // 2) // p


def ceil_div(a, b):
    return (a + b - 1) // b


class Old:
    """v3.0: half up throughout, the average threshold floored first, half of the one debt."""

    def collateral(self, scaled, index):
        return ray_mul(scaled, index)

    debt = collateral

    def debt_value(self, amount, price, unit):
        return amount * price // unit

    def health_factor(self, values, debt):
        total = sum(value for value, _ in values)
        average = sum(value * threshold for value, threshold in values) // total
        return (percent_mul(total, average) * WAD + debt // 2) // debt

    def most(self, account, health_factor):
        return percent_mul(account["debt"], 5000 if health_factor > 95 * 10**16 else 10000)

    def capped(self, amount, bonus):
        return percent_div(amount, bonus)

    def burnt(self, seize, fee, repay, account):
        held, index = account["scaled"], account["index"]
        seized, fee_scaled = ray_div(seize, index), ray_div(fee, index)
        return seized + min(fee_scaled, held - seized), ray_div(repay, account["debt_index"])

    def is_dust(self, *_):
        return False


class New:
    """v3.6: collateral floors, debt ceils, no average, half of all debt, a thousand left or nothing."""

    def collateral(self, scaled, index):
        return scaled * index // RAY

    def debt(self, scaled, index):
        return ceil_div(scaled * index, RAY)

    def debt_value(self, amount, price, unit):
        return ceil_div(amount * price, unit)

    def health_factor(self, values, debt):
        return (sum(value * threshold for value, threshold in values) * WAD + debt // 2) // debt // 10000

    def most(self, account, health_factor):
        small = 2000 * 10**8
        if account["value"] >= small and account["debt_value"] >= small and health_factor > 95 * 10**16:
            half = percent_mul(account["total_debt"], 5000)
            if account["debt_value"] > half:
                return half * account["debt_unit"] // account["debt_price"]
        return account["debt"]

    def capped(self, amount, bonus):
        return ceil_div(amount * 10000, bonus)

    def burnt(self, seize, fee, repay, account):
        held, index = account["scaled"], account["index"]
        seized, fee_scaled = ceil_div(seize * RAY, index), ceil_div(fee * RAY, index)
        return seized + min(fee_scaled, held - seized), repay * RAY // account["debt_index"]

    def is_dust(self, account, repay, taken):
        debt_left, held_left = account["debt"] - repay, account["held"] - taken
        if debt_left <= 0 or held_left <= 0:
            return False
        debt_value = self.debt_value(debt_left, account["debt_price"], account["debt_unit"])
        return min(debt_value, held_left * account["price"] // account["unit"]) < 1000 * 10**8


def drawn_market(draw, number):
    threshold = draw.randrange(4000, 9001)
    bonus = draw.randrange(100, min(1500, 100_000_000 // threshold - 10_000))
    price_e8 = draw.choice((1, 10**4)) * draw.randrange(10**7, 10**9)
    parameters = risk(threshold, bonus, draw.randrange(0, 2001))
    return ((f"M{number}", draw.choice(DECIMALS), price_e8 * 10**10, parameters), threshold, bonus, price_e8)


# One account from draw to burn: split, the second formula could no longer be read beside the first.
@pytest.mark.parametrize(("version", "reference"), [("3.0", Old()), ("3.6", New())])
def test_health_and_amounts_are_those_of_the_published_formulas(version, reference):  # noqa: PLR0915
    draw = random.Random(version)
    protocol = protocol_named(f"aave_v3@{version}")
    liquidated = refused = 0
    for _ in range(ACCOUNTS):
        drawn = [drawn_market(draw, number) for number in range(4)]
        indices = tuple((RAY + draw.randrange(RAY), RAY + draw.randrange(RAY)) for _ in drawn)
        deployment = pooled(*(entry[0] for entry in drawn), indices=indices)
        units, prices = deployment.units, [entry[3] for entry in drawn]

        size = 10 ** draw.randrange(10, 15)
        balances = [max(1, draw.randrange(1, size) * units[at] // prices[at]) for at in range(4)]
        collaterals = {at: balances[at] for at in draw.sample(range(4), draw.randint(1, 3))}
        debts = {at: balances[at] * draw.randint(5, 9) // 10 + 1 for at in draw.sample(range(4), draw.randint(1, 2))}
        row = open_account(deployment, collaterals, debts)

        held = {at: reference.collateral(scaled, indices[at][0]) for at, scaled in collaterals.items()}
        owed = {at: reference.debt(scaled, indices[at][1]) for at, scaled in debts.items()}
        values = [(amount * prices[at] // units[at], drawn[at][1]) for at, amount in held.items()]
        debt_values = {at: reference.debt_value(amount, prices[at], units[at]) for at, amount in owed.items()}
        total_debt = sum(debt_values.values())
        if not total_debt or not any(value for value, _ in values):
            continue
        health_factor = reference.health_factor(values, total_debt)
        health = protocol.health(deployment, row)
        assert health.collateral_value == sum(value for value, _ in values) * 10**10
        assert health.debt_value == total_debt * 10**10
        assert health.health_factor_ratio == health_factor

        debt_at, at = draw.choice(sorted(debts)), draw.choice(sorted(collaterals))
        offer = draw.choice((2**255, draw.randrange(1, owed[debt_at] + 1)))
        quote = protocol.quote(deployment, row, debt_at, at, offer)
        if health_factor >= WAD:
            assert quote is Refusal.HEALTHY
            continue
        account = {
            "debt": owed[debt_at], "debt_value": debt_values[debt_at], "total_debt": total_debt,
            "debt_price": prices[debt_at], "debt_unit": units[debt_at], "debt_index": indices[debt_at][1],
            "held": held[at], "scaled": collaterals[at], "index": indices[at][0], "price": prices[at], "unit": units[at],
            "value": held[at] * prices[at] // units[at],
        }  # fmt: skip
        bonus, fee_bps = 10000 + drawn[at][2], drawn[at][0][3].liquidation_fee_ratio // 10**14
        repay = min(offer, reference.most(account, health_factor))
        taken = percent_mul(prices[debt_at] * repay * units[at] // (prices[at] * units[debt_at]), bonus)
        if taken > held[at]:
            taken = held[at]
            repay = reference.capped(prices[at] * taken * units[debt_at] // (prices[debt_at] * units[at]), bonus)
        fee = percent_mul(taken - percent_div(taken, bonus), fee_bps)
        collateral_scaled, debt_scaled = reference.burnt(taken - fee, fee, repay, account)
        if reference.is_dust(account, repay, taken):
            assert quote is Refusal.LEAVES_DUST
            refused += 1
        elif isinstance(quote, Refusal):
            assert quote in (Refusal.NOTHING_SEIZED, Refusal.ZERO_AMOUNT)
            assert not debt_scaled or not collateral_scaled
        else:
            assert (quote.repay_amount, quote.seize_amount) == (repay, taken - fee)
            assert (quote.collateral_balance, quote.debt_balance) == (collateral_scaled, debt_scaled)
            liquidated += 1
    assert liquidated > ACCOUNTS // 5
    assert refused > 20 or version == "3.0"
