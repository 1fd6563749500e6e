"""A composed protocol: what cannot work is refused with its reason, and what is composed is what decides."""

import pytest
from msgspec.structs import replace
from tests.unit.protocols.deployments import open_account, pooled, risk

from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.composition import Composition
from seawall.ledger.deployment import Absorber
from seawall.ledger.liquidation_rule import BonusStep, GrowingBonus, LiquidationRule
from seawall.ledger.market import Market
from seawall.ledger.refusal import Refusal
from seawall.protocols.composed import composed_protocol
from seawall.protocols.exact_limit import TargetHealthLimit
from seawall.protocols.protocol import Health, Limit, Quote
from seawall.protocols.seawall import SEAWALL

PERCENT = WAD // 100
ETH, USD = 0, 1
RULE = LiquidationRule(target_health_ratio=0, dust_value=100 * WAD, bonus_share_ratio_min=WAD)
STEPS = (BonusStep(WAD, 2 * PERCENT), BonusStep(97 * PERCENT, 5 * PERCENT))


def composed(absorbers=(), name="mine", **changed):
    return composed_protocol(Composition(name, "1", replace(RULE, **changed), absorbers))


def standing(debt, eth_price=2_000, threshold_bps=8_000, bonus_bps=500):
    """Five ETH against so much of a USD of six decimals."""
    deployment = pooled(("ETH", 18, eth_price * WAD, risk(threshold_bps, bonus_bps)), ("USD", 6, WAD, risk(9_000, 400)))
    return deployment, open_account(deployment, {ETH: 5 * 10**18}, {USD: debt * 10**6})


def limit_of(protocol, deployment, row):
    limit = protocol.liquidation_limit(deployment, row)
    assert isinstance(limit, Limit), limit
    return limit


def health_after(protocol, deployment, row, limit):
    quote = protocol.quote(deployment, row, limit.debt_market, limit.collateral_market, limit.repay_amount)
    assert isinstance(quote, Quote)
    protocol.settle(deployment, quote)
    health = protocol.health(deployment, row)
    assert isinstance(health, Health)
    return quote, health


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"line_ratio": WAD // 2 - 1}, "is not within"),
        ({"line_ratio": 2 * WAD + 1}, "is not within"),
        ({"target_health_ratio": WAD}, "is not above the trigger"),
        ({"target_health_ratio": WAD + 1, "line_ratio": WAD + 1}, "would stay at the line"),
        ({"close_factor_ratio": 0}, "close factor 0 is not within"),
        ({"close_factor_ratio": WAD + 1}, "is not within"),
        ({"close_factor_ratio": WAD - 1, "dust_value": 0}, "needs a dust limit"),
        ({"bonus_share_ratio_min": WAD + 1}, "least share of the bonus"),
        ({"growing_bonus": GrowingBonus(())}, "has no step"),
        ({"growing_bonus": GrowingBonus(STEPS, ratio_per_second=1)}, "go together"),
        ({"growing_bonus": GrowingBonus((BonusStep(WAD + 1, 0),))}, "no account is liquidated there"),
        ({"name": "a@b"}, "a sign that a label cannot have"),
        ({"name": ""}, "is empty"),
        ({"absorbers": (Absorber(()),)}, "names nobody"),
        ({"absorbers": (Absorber(("auto_deleveraging",)),)}, "closes winners"),
        ({"absorbers": (Absorber(("a", "b"), (WAD // 2, WAD // 2 - 1)),)}, "add up to"),
        ({"absorbers": (Absorber(("socialized_loss",)), Absorber(("a",)))}, "leaves nothing to pay"),
    ],
)
def test_what_cannot_work_is_refused_with_its_reason(changed, reason):
    with pytest.raises(ConfigError, match=reason) as caught:
        composed(**changed)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "changed",
    [
        {"line_ratio": WAD // 2},
        {"line_ratio": 2 * WAD},
        {"target_health_ratio": WAD + 1},
        {"close_factor_ratio": 1},
        {"close_factor_ratio": WAD, "dust_value": 0},
        {"bonus_share_ratio_min": 0},
        {"growing_bonus": GrowingBonus(STEPS)},
        {"absorbers": (Absorber(("a", "b"), (WAD // 2, WAD // 2)), Absorber(("socialized_loss",)))},
    ],
)
def test_what_can_work_is_accepted(changed):
    assert composed(**changed).label == "mine@1"


def eth_market(threshold_bps, bonus_bps, loan_bps=None):
    parameters = risk(threshold_bps, bonus_bps)
    loan = parameters.max_loan_to_value_ratio if loan_bps is None else loan_bps * PERCENT // 100
    return Market("ETH", 0, 0, replace(parameters, max_loan_to_value_ratio=loan))


@pytest.mark.parametrize(
    ("trigger", "bonus_bps", "heals"), [(100, 2_499, True), (100, 2_500, False), (98, 2_250, False)]
)
def test_a_bonus_that_can_never_heal_is_refused_by_its_market(trigger, bonus_bps, heals):
    protocol = composed(line_ratio=trigger * PERCENT)
    if heals:
        protocol.check_markets([eth_market(8_000, bonus_bps)])
        return
    with pytest.raises(ConfigError, match="would lower the health of every account"):
        protocol.check_markets([eth_market(8_000, bonus_bps)])


@pytest.mark.parametrize(("time_max", "is_toxic"), [(0, False), (2_125 * PERCENT // 100 - 5 * PERCENT, True)])
def test_a_growing_bonus_whose_cap_is_toxic_is_refused_by_its_market(time_max, is_toxic):
    # 0.8 * (1 + 0.2125) = 0.97, the health of the second step.
    growing = GrowingBonus(STEPS, ratio_per_second=1 if time_max else 0, time_ratio_max=time_max)
    protocol, below = (
        composed(growing_bonus=growing),
        composed(growing_bonus=replace(growing, time_ratio_max=max(time_max - 2, 0))),
    )
    market = eth_market(8_000, 9_900)
    below.check_markets([market])  # The market's own bonus is not paid, and is not looked at.
    if is_toxic:
        with pytest.raises(ConfigError, match="toxic wherever it is paid"):
            protocol.check_markets([market])


def test_the_bonus_of_each_step_counts_at_the_health_where_it_begins():
    high = GrowingBonus((BonusStep(WAD, 25 * PERCENT),))
    with pytest.raises(ConfigError, match="is not below health 1000000000000000000"):
        composed(growing_bonus=high).check_markets([eth_market(8_000, 500)])


@pytest.mark.parametrize(("loan_bps", "fits"), [(7_272, True), (7_273, False)])
def test_a_loan_that_could_be_liquidated_at_once_is_refused_by_its_market(loan_bps, fits):
    protocol = composed(line_ratio=110 * PERCENT)
    market = eth_market(8_000, 500, loan_bps)
    assert protocol.nearest_parameters(market.parameters).max_loan_to_value_ratio == min(
        loan_bps * WAD // 10_000, 727_272_727_272_727_272
    )
    if fits:
        protocol.check_markets([market])
        return
    with pytest.raises(ConfigError, match="a new loan could be liquidated"):
        protocol.check_markets([market])


@pytest.mark.parametrize(("debt", "is_liquidatable"), [(7_272, False), (7_273, True)])
def test_an_early_trigger_moves_the_line(debt, is_liquidatable):
    # 8,000 of weighted collateral over 1.1 is 7,272.7.
    protocol = composed(line_ratio=110 * PERCENT)
    deployment, row = standing(debt)
    assert protocol.is_liquidatable(deployment, row) is is_liquidatable
    health = protocol.health(deployment, row)
    assert isinstance(health, Health)
    assert (health.health_factor_ratio < WAD) is health.is_liquidatable is is_liquidatable
    assert isinstance(protocol.liquidation_limit(deployment, row), Limit if is_liquidatable else Refusal)
    assert protocol.exact_limit is None


def test_a_late_trigger_does_too():
    protocol = composed(line_ratio=98 * PERCENT)
    assert [protocol.is_liquidatable(*standing(debt)) for debt in (8_163, 8_164)] == [False, True]


@pytest.mark.parametrize(("close_percent", "repaid"), [(100, 8_200), (50, 4_100), (25, 2_050)])
def test_a_close_factor_is_a_share_of_the_debt(close_percent, repaid):
    deployment, row = standing(8_200)
    assert (
        limit_of(composed(close_factor_ratio=close_percent * PERCENT), deployment, row).repay_amount == repaid * 10**6
    )


@pytest.mark.parametrize(("close_percent", "binds"), [(10, True), (50, False)])
def test_a_target_holds_within_the_close_factor(close_percent, binds):
    deployment, row = standing(8_200)
    rule = {"target_health_ratio": 105 * PERCENT, "close_factor_ratio": close_percent * PERCENT}
    alone = limit_of(composed(target_health_ratio=105 * PERCENT), *standing(8_200)).repay_amount
    assert 820 * 10**6 < alone < 4_100 * 10**6
    assert limit_of(composed(**rule), deployment, row).repay_amount == (820 * 10**6 if binds else alone)


def test_a_part_that_would_leave_dust_takes_the_whole():
    deployment, row = standing(8_200)
    protocol = composed(close_factor_ratio=99 * PERCENT)
    # 82 USD would be left, below 100: what stays is the limit, where the account is cured by it.
    limit = limit_of(protocol, deployment, row)
    assert limit.repay_amount == 8_100 * 10**6
    small, owed = standing(150, eth_price=32)
    assert limit_of(composed(close_factor_ratio=50 * PERCENT), small, owed).repay_amount == 150 * 10**6


def test_what_leaves_the_dust_limit_must_cure_by_the_line_that_holds():
    # What leaves 100 of debt leaves 127.5 of collateral: health 1.02, above one and below an early line.
    deployment, row = standing(150, eth_price=36)
    close = {"close_factor_ratio": 50 * PERCENT}
    at_one = limit_of(composed(**close), deployment, row).repay_amount
    assert at_one == 50 * 10**6
    early = composed(**close, line_ratio=105 * PERCENT)
    assert limit_of(early, deployment, row).repay_amount == 150 * 10**6


@pytest.mark.parametrize("price", [1_990, 1_900, 1_800, 1_760, 1_720])
def test_the_numbers_of_our_own_version_are_our_own_version(price):
    rule = SEAWALL[-1].rule
    twin = composed_protocol(Composition("twin", "1", rule))
    assert twin.exact_limit == TargetHealthLimit(rule.target_health_ratio, rule.dust_value) == SEAWALL[-1].exact_limit
    deployment, row = standing(8_000, price)
    limit = limit_of(twin, deployment, row)
    assert limit == SEAWALL[-1].liquidation_limit(deployment, row)
    assert twin.quote(deployment, row, USD, ETH, limit.repay_amount // 2) == SEAWALL[-1].quote(
        deployment, row, USD, ETH, limit.repay_amount // 2
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"close_factor_ratio": WAD - 1},
        {"line_ratio": WAD - 1},
        {"target_health_ratio": 0},
        {"growing_bonus": GrowingBonus(STEPS)},
    ],
)
def test_a_rule_that_no_kernel_knows_is_left_to_the_plain_judge(changed):
    protocol = composed_protocol(Composition("other", "1", replace(SEAWALL[-1].rule, **changed)))
    assert protocol.exact_limit is None


GROWING = GrowingBonus(STEPS, ratio_per_second=PERCENT // 100, time_ratio_max=3 * PERCENT)


@pytest.mark.parametrize(("debt", "percent"), [(8_100, 2), (8_247, 2), (8_248, 5)])
def test_a_growing_bonus_replaces_the_markets_by_health(debt, percent):
    # The second step begins below a health of 0.97: debt above 8,247.4.
    protocol = composed(growing_bonus=GROWING, target_health_ratio=105 * PERCENT)
    deployment, row = standing(debt, bonus_bps=700)
    quote = protocol.quote(deployment, row, USD, ETH, 10**6)
    assert isinstance(quote, Quote)
    assert quote.liquidation_bonus_ratio == percent * PERCENT


@pytest.mark.parametrize(("waited_ms", "added"), [(0, 0), (10_000, 10), (300_000, 300), (10**7, 300)])
def test_a_growing_bonus_grows_with_the_deployments_clock(waited_ms, added):
    protocol = composed(growing_bonus=GROWING, target_health_ratio=105 * PERCENT)
    deployment, row = standing(8_100)
    deployment.clock_starts[row] = 5_000
    deployment.liquidation_clock_ms = 5_000 + waited_ms
    quote = protocol.quote(deployment, row, USD, ETH, 10**6)
    assert isinstance(quote, Quote)
    assert quote.liquidation_bonus_ratio == 2 * PERCENT + added * (PERCENT // 100)


@pytest.mark.parametrize("debt", [8_100, 8_300, 8_600])
def test_the_largest_liquidation_at_a_growing_bonus_reaches_the_target(debt):
    protocol = composed(growing_bonus=GROWING, target_health_ratio=105 * PERCENT)
    deployment, row = standing(debt)
    limit = limit_of(protocol, deployment, row)
    quote, health = health_after(protocol, deployment, row, limit)
    assert (quote.repay_amount, quote.seize_amount) == (limit.repay_amount, limit.seize_amount)
    assert health.health_factor_ratio == pytest.approx(105 * PERCENT, abs=10**9)
    assert health.health_factor_ratio >= 105 * PERCENT


def test_the_same_collateral_is_seized_in_one_piece_or_in_many():
    protocol = composed(growing_bonus=GROWING, target_health_ratio=105 * PERCENT)
    # 3,300 lift the health from 0.93 through the edge at 0.97 to just below the line.
    whole, row = standing(8_600)
    at_once = protocol.quote(whole, row, USD, ETH, 3_300 * 10**6)
    assert isinstance(at_once, Quote)
    assert 2 * PERCENT < at_once.liquidation_bonus_ratio < 5 * PERCENT
    cut, row = standing(8_600)
    seized = 0
    for piece in (1, 99, 700, 1_000, 1_200, 300):
        quote = protocol.quote(cut, row, USD, ETH, piece * 10**6)
        assert isinstance(quote, Quote)
        protocol.settle(cut, quote)
        seized += quote.seize_amount
    assert seized == pytest.approx(at_once.seize_amount, abs=10**13)  # One base unit of USD is 5e8 of ETH.


def test_the_whole_pair_is_taken_at_the_average_bonus_and_to_the_last_unit():
    # 9,000 of debt against 10,000 at health 0.888: the second step, then the first.
    protocol = composed(growing_bonus=GrowingBonus(STEPS))
    deployment, row = standing(9_000)
    limit = limit_of(protocol, deployment, row)
    quote, health = health_after(protocol, deployment, row, limit)
    assert quote.repay_amount == 9_000 * 10**6
    assert 2 * PERCENT < quote.liquidation_bonus_ratio <= 5 * PERCENT
    assert health.debt_value == 0


def test_where_no_bonus_heals_the_least_is_paid_for_the_whole_pair_alone():
    protocol = composed(growing_bonus=GROWING, bonus_share_ratio_min=WAD // 2)
    deployment, row = standing(9_950)
    limit = limit_of(protocol, deployment, row)
    assert protocol.quote(deployment, row, USD, ETH, 10**6) is Refusal.TOXIC
    quote, _ = health_after(protocol, deployment, row, limit)
    assert quote.liquidation_bonus_ratio == 1 * PERCENT
    assert deployment.book.balance(row, 2 * ETH) == 0
