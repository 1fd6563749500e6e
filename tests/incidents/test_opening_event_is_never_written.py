"""A deployment used to share its market states with the event that opened it: interest accrued inside the record, and a
second run from the same events began where the first one had ended."""

import msgspec
from tests.deployments import HOUR, POOLED, engine_of, opening, with_rates
from tests.deployments import changes as nothing_changes


def test_interest_does_not_accrue_in_the_event_that_opened_the_deployment() -> None:
    opened = opening(markets=with_rates(POOLED))
    before = msgspec.json.encode(opened)
    digests = []
    for _ in range(2):
        engine = engine_of(opened)
        engine.apply(nothing_changes(opened.at + HOUR))
        assert engine.state.deployment.market_states[0].debt_index > opened.market_states[0].debt_index
        digests.append(engine.state.digest())
    assert msgspec.json.encode(opened) == before
    assert digests[0] == digests[1]
