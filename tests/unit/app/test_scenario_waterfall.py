"""A scenario's waterfall: what the file says is what the deployment has, and each mistake is one line with its place."""

from pathlib import Path

import pytest

from seawall.app.assembly import assemble
from seawall.app.scenario import load_scenario
from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.deleveraging import DeleveragingPolicy
from seawall.ledger.deployment import Absorber, Buffer, Policy
from seawall.ledger.event import DeploymentOpened

TINY = Path(__file__).parents[2] / "scenarios" / "tiny.toml"
BUFFERS = """
[buffers.pool]
DAI = 1000
[buffers.junior]
DAI = "0.5"
"""


@pytest.fixture
def policy_of(tmp_path):
    """Return the policy of the tiny scenario with other text at the end of it."""

    def make(added: str, markets: Path | None = None) -> Policy:
        path = tmp_path / "given.toml"
        path.write_text(TINY.read_text() + BUFFERS + added)
        opened = assemble(load_scenario(str(path)), markets=markets).opening[0]
        assert isinstance(opened, DeploymentOpened)
        return opened.policy

    return make


def absorber(**keys: object) -> str:
    return "[[policy.absorbers]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def test_every_key_arrives(policy_of):
    policy = policy_of(
        "[policy.fee_shares]\npool = 0.25\n"
        + absorber(names='["insurance_fund"]', markets='["DAI"]', budget=0.5, window_seconds=60)
        + absorber(names='["pool", "junior"]', shares="[0.7, 0.3]")
        + absorber(names='["socialized_loss"]')
    )
    whole = 10**18
    assert policy.buffers == (
        Buffer("insurance_fund", ((1, 20 * whole),)),
        Buffer("pool", ((1, 1_000 * whole),), WAD // 4),
        Buffer("junior", ((1, whole // 2),)),
    )
    assert policy.absorbers == (
        Absorber(("insurance_fund",), markets=(1,), budget_value=WAD // 2, window_ms=60_000),
        Absorber(("pool", "junior"), (7 * WAD // 10, 3 * WAD // 10)),
        Absorber(("socialized_loss",)),
    )


def test_how_winners_pay_arrives(policy_of):
    added = '[policy.deleveraging]\nrule = "binance_queue@1"\nwindow_seconds = 60\nstart = 0.5\nstop = 0.125\n'
    assert policy_of(added).deleveraging == DeleveragingPolicy("binance_queue@1", 60_000, WAD // 2, WAD // 8)
    assert policy_of("").deleveraging is None


def test_a_scenario_without_absorbers_has_none(policy_of):
    assert policy_of("").absorbers == ()


@pytest.mark.parametrize(
    ("added", "mistake"),
    [
        (absorber(names='["treasury"]'),
         "no absorber 'treasury', known: insurance_fund, pool, junior, auto_deleveraging, socialized_loss, in"),
        (absorber(names='["pool"]') + absorber(names='["junior", "pool"]'), "absorber 'pool' is named twice, in"),
        (absorber(names='["pool", "junior"]', shares="[0.7, 0.2]"),
         "shares 700000000000000000, 200000000000000000 (WAD) of pool, junior must be positive and add up to "
         "1000000000000000000, in"),
        (absorber(names='["pool"]', budget=5),
         "budget 5000000000000000000 (WAD) of pool in 0 ms: both must be positive, or none, in"),
        (absorber(names='["pool"]', markets='["DAII"]'), "no market DAII (nearest: DAI), in [[policy.absorbers]] of"),
        (absorber(names='["auto_deleveraging"]'),
         "absorber 'auto_deleveraging' closes winners, the protocol has none to close, in"),
        ("[policy.fee_shares]\npool = 0.6\njunior = 0.5\n",
         "shares of the fees add up to 1100000000000000000 (WAD), more than 1000000000000000000, in"),
        ("[policy.fee_shares]\npol = 0.6\n", "no buffer 'pol' (nearest: pool), in [policy.fee_shares] of"),
        (absorber(names='["pool"]', share=1), "unknown key 'share' in [policy.absorbers.1] of"),
        ('[policy.deleveraging]\nrule = "exact_budget@2"\n', "deleveraging rule 'exact_budget@2': nearest: exact_budget@1"),
        ("[policy.deleveraging]\nstop = 0.3\n",
         "stop 300000000000000000 and start 300000000000000000 do not rise within 0 .. 1000000000000000000, in the"),
        ("[policy.deleveraging]\nwindow_seconds = 0\n", "window_seconds 0: "),
        (absorber(shares="[1]"), "key 'names' is missing in [policy.absorbers.1] of"),
        (absorber(names='["pool"]', window_seconds=-1), "window_seconds -1: "),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_its_place(policy_of, added, mistake):
    with pytest.raises(ConfigError) as caught:
        policy_of(added)
    assert str(caught.value).startswith(mistake)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("given.toml") or "known:" in str(caught.value)


def test_with_other_markets_an_absorber_of_none_of_them_is_left_out(policy_of, tmp_path):
    markets = tmp_path / "markets.toml"
    text = TINY.read_text()
    markets.write_text(text[text.index("[[assets]]") : text.index("[oracle]")])
    added = absorber(names='["pool"]', markets='["BAT"]') + absorber(names='["junior"]', markets='["BAT", "ETH"]')
    with pytest.raises(ConfigError, match="no market BAT"):
        policy_of(added)
    assert policy_of(added, markets).absorbers == (Absorber(("junior",), markets=(0,)),)
