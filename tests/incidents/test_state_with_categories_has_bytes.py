"""A market with parameters of a category had no canonical bytes: its categories are keyed by numbers, and the encoder sorted
only names. So every state hash and snapshot of such a deployment failed."""

from msgspec.structs import replace
from tests.deployments import ETH, POOLED, Desk, risk

from seawall.engine.state import State

EFFICIENT, NARROW = risk(90, 2, 10), risk(88, 2, 10)


def test_a_state_with_a_category_is_restored() -> None:
    desk = Desk(markets=(replace(POOLED[ETH], categories={1: EFFICIENT}), *POOLED[1:]))
    data = desk.state.canonical_bytes()
    assert State.restored(data).canonical_bytes() == data
    assert State.restored(data).deployment.markets[ETH].categories == {1: EFFICIENT}


def test_the_state_does_not_tell_in_which_order_categories_came() -> None:
    desks = Desk(), Desk()
    for desk, order in zip(desks, ((1, 2), (2, 1)), strict=True):
        for category in order:
            desk.govern(ETH, {1: EFFICIENT, 2: NARROW}[category], category)
    assert desks[0].state.digest() == desks[1].state.digest()
