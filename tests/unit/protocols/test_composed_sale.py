"""A composed Dutch sale: what cannot sell is refused with its reason, and what can sells as our own version does."""

import pytest
from msgspec.structs import replace
from tests.unit.protocols.deployments import open_account, pooled, risk

from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.composition import BatchTerms, Composition, DutchTerms
from seawall.ledger.liquidation_rule import BonusStep, GrowingBonus, LiquidationRule
from seawall.ledger.market import Market
from seawall.ledger.refusal import Refusal
from seawall.protocols.batch_sale import BatchSale
from seawall.protocols.composed import composed_protocol
from seawall.protocols.composed_sale import SECONDS_MAX
from seawall.protocols.dutch_sale import DutchSale
from seawall.protocols.seawall_batch import SEAWALL_BATCH
from seawall.protocols.seawall_dutch import SEAWALL_DUTCH
from seawall.rules.dutch_auction import LinearCurve

PERCENT = WAD // 100
OWN = SEAWALL_DUTCH[-1]
RULE = LiquidationRule(target_health_ratio=0, dust_value=100 * WAD, bonus_share_ratio_min=WAD)
TERMS = DutchTerms(
    start_ratio=105 * PERCENT,
    seconds_max=3_600,
    market_due_value_max=20_000_000 * WAD,
    total_due_value_max=20_000_000 * WAD,
    step_seconds=30,
    step_ratio=997 * 10**15,
    spent_ratio=70 * PERCENT,
    reward_value=5 * 10**17,
    reward_ratio=10**15,
)


def composed(rule=RULE, **changed):
    return composed_protocol(Composition("mine", "1", rule, dutch=replace(TERMS, **changed)))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"step_seconds": 0, "step_ratio": 0}, "needs one curve"),
        ({"step_seconds": 0}, "needs one curve"),
        ({"step_ratio": 0}, "needs one curve"),
        ({"step_ratio": WAD}, "needs one curve"),
        ({"fall_seconds": 600}, "needs one curve"),
        ({"fall_seconds": 600, "step_seconds": 0}, "needs one curve"),
        ({"start_ratio": WAD - 1}, "is below the oracle's"),
        ({"seconds_max": 0}, "is not within 1 .. 604800 s"),
        ({"seconds_max": SECONDS_MAX + 1}, "is not within"),
        ({"spent_ratio": WAD}, "at once"),
        ({"market_due_value_max": 0}, "lets none begin"),
        ({"total_due_value_max": 0}, "lets none begin"),
    ],
)
def test_what_cannot_sell_is_refused_with_its_reason(changed, reason):
    with pytest.raises(ConfigError, match=reason) as caught:
        composed(**changed)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "changed",
    [
        {"fall_seconds": 600, "step_seconds": 0, "step_ratio": 0},
        {"start_ratio": WAD},
        {"seconds_max": SECONDS_MAX},
        {"spent_ratio": WAD - 1},
        {"spent_ratio": 0},
        {"step_ratio": WAD - 1},
    ],
)
def test_what_can_sell_is_accepted(changed):
    assert composed(**changed).label == "mine@1"


@pytest.mark.parametrize(
    "rule",
    [
        replace(RULE, target_health_ratio=105 * PERCENT),
        replace(RULE, close_factor_ratio=50 * PERCENT),
        replace(RULE, bonus_share_ratio_min=50 * PERCENT),
        replace(RULE, growing_bonus=GrowingBonus((BonusStep(WAD, 0),))),
    ],
)
def test_parts_that_an_auction_has_no_use_for_are_refused(rule):
    with pytest.raises(ConfigError, match="beside an auction"):
        composed(rule)


@pytest.mark.parametrize(
    ("penalty_bps", "reward_value", "is_farmed"), [(100, 0, False), (10, 0, True), (100, WAD, True)]
)
def test_rewards_that_can_be_farmed_are_refused_by_their_market(penalty_bps, reward_value, is_farmed):
    # Of a debt of 100 the penalty of 1 % is 1; the reward 0.101 and what is flat.
    protocol = composed(reward_value=reward_value)
    market = Market("ETH", 0, 0, risk(8_000, penalty_bps))
    if is_farmed:
        with pytest.raises(ConfigError, match="can exceed the penalty"):
            protocol.check_markets([market])
    else:
        protocol.check_markets([market])


def test_the_terms_of_our_own_version_are_its_sale():
    own, made = OWN.sale, composed().sale
    assert isinstance(own, DutchSale)
    assert isinstance(made, DutchSale)
    assert (made.rule, made.gap_ms_max) == (own.rule, own.gap_ms_max)
    assert made.returns_to_account
    assert made.suspends_clock


def test_a_line_is_a_curve_too():
    sale = composed(fall_seconds=600, step_seconds=0, step_ratio=0).sale
    assert isinstance(sale, DutchSale)
    assert sale.rule.curve == LinearCurve(600)


@pytest.mark.parametrize(("line_percent", "is_auctioned"), [(100, False), (103, True)])
def test_what_is_auctioned_is_the_whole_pair_below_the_line(line_percent, is_auctioned):
    protocol = composed(replace(RULE, line_ratio=line_percent * PERCENT))
    deployment = pooled(("ETH", 18, 2_000 * WAD, risk(8_000, 500)), ("USD", 6, WAD, risk(9_000, 400)))
    row = open_account(deployment, {0: 5 * 10**18}, {1: 7_900 * 10**6})
    lot = protocol.auction_lot(deployment, row)
    assert protocol.quote(deployment, row, 1, 0, 10**6) is Refusal.AUCTION_ONLY
    if not is_auctioned:
        assert lot is Refusal.HEALTHY
        return
    assert not isinstance(lot, Refusal)
    assert (lot.debt_balance, lot.collateral_balance) == (7_900 * 10**6, 5 * 10**18)


BATCH = BatchTerms(bid_ms=300_000, price_ratio_min=90 * PERCENT, bidder_ratio_max=50 * PERCENT)


def batched(rule=RULE, **changed):
    return composed_protocol(Composition("mine", "1", rule, batch=replace(BATCH, **changed)))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"bid_ms": 0}, "window of 0 ms"),
        ({"bid_ms": SECONDS_MAX * 1_000 + 1}, "is not within 1 .. 604800 s"),
        ({"price_ratio_min": 0}, "reserve 0 is not above 0"),
        ({"price_ratio_min": WAD + 1}, "at most the oracle's price"),
        ({"bidder_ratio_max": 0}, "share of one bidder 0"),
        ({"bidder_ratio_max": WAD + 1}, "share of one bidder"),
    ],
)
def test_a_batch_that_cannot_sell_is_refused_with_its_reason(changed, reason):
    with pytest.raises(ConfigError, match=reason) as caught:
        batched(**changed)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "changed", [{"bid_ms": 1}, {"bid_ms": SECONDS_MAX * 1_000}, {"price_ratio_min": WAD}, {"bidder_ratio_max": WAD}]
)
def test_a_batch_at_its_limits_is_accepted(changed):
    assert batched(**changed).sale is not None


def test_a_batch_has_no_use_for_a_target_either():
    with pytest.raises(ConfigError, match="beside an auction"):
        batched(replace(RULE, target_health_ratio=105 * PERCENT))


def test_a_composition_sells_in_one_way():
    with pytest.raises(ConfigError, match="one way of selling"):
        composed_protocol(Composition("mine", "1", RULE, dutch=TERMS, batch=BATCH))


def test_the_terms_of_our_own_batch_are_its_sale():
    own, made = SEAWALL_BATCH[0].sale, batched().sale
    assert isinstance(own, BatchSale)
    assert isinstance(made, BatchSale)
    assert (made.rule, made.gap_ms_max) == (own.rule, own.gap_ms_max)
