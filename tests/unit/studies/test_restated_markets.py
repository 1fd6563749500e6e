import pytest

from seawall.fixed import WAD
from seawall.ledger.market import Market, RiskParameters
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.morpho_blue import lif_of
from seawall.studies.restated_markets import held_threshold, restated_market

AAVE, COMPOUND, MORPHO, SEAWALL = map(protocol_named, ("aave_v3@3.6", "compound_v2@2", "morpho_blue@1", "seawall@1"))
PERCENT = WAD // 100


def market(threshold: int, bonus: int = 5 * PERCENT, fee: int = 0, close_factor: int = 0) -> Market:
    parameters = RiskParameters(threshold, threshold, bonus, fee, close_factor)
    return Market("ETH", 0, 0, parameters, categories={1: parameters})


@pytest.mark.parametrize(
    ("threshold", "held"),
    [
        (0, 0),
        (1, 385 * WAD // 1000),
        (698 * WAD // 1000, 77 * PERCENT),
        ((625 + 770) * WAD // 2000, 625 * WAD // 1000),
        (825 * WAD // 1000, 86 * PERCENT),
        (815 * WAD // 1000, 77 * PERCENT),
        (WAD - 1, 98 * PERCENT),
    ],
)
def test_the_nearest_of_the_thresholds_that_a_protocol_has(threshold: int, held: int) -> None:
    assert held_threshold(market(threshold), MORPHO) == held


def test_a_protocol_with_any_threshold_holds_the_markets() -> None:
    assert held_threshold(market(123_456_789), AAVE) == 123_456_789


@pytest.mark.parametrize("protocol", [AAVE, COMPOUND, MORPHO, SEAWALL], ids=lambda protocol: protocol.label)
@pytest.mark.parametrize("threshold", [1_000 * 10**14, 77 * PERCENT, 8_888_888 * 10**11, WAD, 2 * WAD])
@pytest.mark.parametrize("bonus", [0, 5 * PERCENT, 8 * PERCENT, 50 * PERCENT])
def test_what_is_restated_is_what_the_protocol_accepts(protocol, threshold: int, bonus: int) -> None:
    restated = restated_market(market(threshold, bonus, fee=10 * PERCENT), COMPOUND, protocol, threshold)
    if protocol.accounts_are_per_market:
        restated = Market("ETH/DAI", 0, 1, restated.parameters)
    protocol.check_markets([restated])
    parameters = restated.parameters
    assert restated.categories == {}
    assert parameters.max_loan_to_value_ratio <= parameters.liquidation_threshold_ratio <= threshold
    assert parameters.liquidation_threshold_ratio * (WAD + parameters.liquidation_bonus_ratio) < WAD * WAD


def test_a_threshold_stays_where_it_is_neither_toxic_nor_unheld() -> None:
    restated = restated_market(market(77 * PERCENT), AAVE, SEAWALL, 77 * PERCENT)
    assert restated.parameters == market(77 * PERCENT).parameters
    at_toxic = restated_market(market(80 * PERCENT, 25 * PERCENT), AAVE, SEAWALL, 80 * PERCENT)
    assert at_toxic.parameters.liquidation_threshold_ratio == 80 * PERCENT - 10**14


def test_a_pair_takes_the_bonus_of_its_threshold_and_no_fee() -> None:
    parameters = restated_market(market(77 * PERCENT, fee=PERCENT), AAVE, MORPHO, 86 * PERCENT).parameters
    assert parameters.liquidation_bonus_ratio == lif_of(86 * PERCENT) - WAD
    assert parameters.liquidation_fee_ratio == 0


def test_a_fee_keeps_its_size_from_one_words_to_the_others() -> None:
    # A tenth of a bonus of 5 % is 0.1 * 0.05 / 1.05 of what is seized.
    of_seized = restated_market(market(77 * PERCENT, fee=10 * PERCENT), AAVE, COMPOUND, 77 * PERCENT).parameters
    assert of_seized.liquidation_fee_ratio == 10 * PERCENT * 5 // 105
    back = restated_market(market(77 * PERCENT, fee=of_seized.liquidation_fee_ratio), COMPOUND, SEAWALL, 77 * PERCENT)
    assert 10 * PERCENT - back.parameters.liquidation_fee_ratio in range(30)
    assert restated_market(market(77 * PERCENT, 0, PERCENT), COMPOUND, AAVE, 1).parameters.liquidation_fee_ratio == 0


def test_a_market_without_a_close_factor_closes_by_half_in_compound() -> None:
    assert restated_market(market(PERCENT), AAVE, COMPOUND, PERCENT).parameters.close_factor_ratio == WAD // 2
    own = restated_market(market(PERCENT, close_factor=PERCENT), AAVE, COMPOUND, PERCENT).parameters
    assert own.close_factor_ratio == PERCENT
