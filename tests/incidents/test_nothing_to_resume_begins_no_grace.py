"""A decision to let a market go on that was not halted began a grace period: liquidation was closed, and no order said so."""

from tests.deployments import ETH, HOUR, below_the_line

from seawall.ledger.deployment import Policy
from seawall.ledger.order import HaltMarket, ResumeMarket, SettleFill


def test_letting_an_open_market_go_on_changes_nothing() -> None:
    given = {"operators": ("operator",), "check": lambda _: True, "policy": Policy(grace_period_ms=HOUR)}
    desk, order = below_the_line(**given)
    before = list(desk.state.breakers)
    assert desk.decide(ETH, 0) == ()
    assert desk.state.breakers == before
    assert isinstance(desk.fill(order)[0], SettleFill)


def test_a_halt_may_be_lowered_and_each_step_is_said() -> None:
    desk, _ = below_the_line(operators=("operator",), check=lambda _: True)
    said = [desk.decide(ETH, level) for level in (3, 1, 0, 0)]
    assert said == [
        (HaltMarket(ETH, 3, "operator operator"),),
        (HaltMarket(ETH, 1, "operator operator"),),
        (ResumeMarket(ETH),),
        (),
    ]
