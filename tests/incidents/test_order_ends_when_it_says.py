"""Where accounts are also reviewed for lost debt, an order that expired between two reviews was not given anew until the
next one: for up to ten minutes no fill was taken and no order was open."""

import pytest
from tests.deployments import below_the_line

from seawall.ledger.deployment import Policy

MINUTE = 60_000


@pytest.mark.parametrize("protocol", ["seawall", "compound_v2"])
@pytest.mark.parametrize(("lifetime", "review"), [(15, 10), (10, 15), (10, 10), (21, 10), (9, 10), (1, 10)])
def test_an_expired_order_is_replaced_at_once_whatever_the_reviews(protocol: str, lifetime: int, review: int) -> None:
    policy = Policy(order_lifetime_ms=lifetime * MINUTE, review_ms=review * MINUTE)
    desk, first = below_the_line(protocol, policy=policy)
    opened_at = [0]
    for minute in range(1, 64):
        desk.wait(MINUTE)
        if desk.block():
            opened_at.append(minute)
    assert opened_at == list(range(0, 64, lifetime))
    assert desk.state.order_count == first.order_id + 63 // lifetime
