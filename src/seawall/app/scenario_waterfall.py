"""The loss waterfall of a scenario: its buffers and absorbers as a policy has them, or the mistake in one line.

Where other markets take the place of the scenario's own, what it says of assets and markets that are not there is left out,
and so is an absorber of which none is left.
"""

from seawall.adapters.market_list import MarketList
from seawall.adapters.nearest_name import nearest_names
from seawall.app.scenario import AbsorberSection, ScenarioFile
from seawall.app.scenario_number import amount, milliseconds, wad
from seawall.errors import ConfigError
from seawall.ledger.deleveraging import DeleveragingPolicy
from seawall.ledger.deployment import Absorber, Buffer, Policy
from seawall.protocols.protocol import Protocol
from seawall.rules.auto_deleveraging import RULES
from seawall.rules.deleveraging_switch import check_switch
from seawall.rules.loss_waterfall import waterfall_mistake


def scenario_waterfall(
    given: ScenarioFile, listed: MarketList, rule: Protocol, is_own: bool
) -> tuple[tuple[Buffer, ...], tuple[Absorber, ...]]:
    """Return the buffers and the absorbers; raises ConfigError. `is_own` says that the markets are the scenario's own."""
    buffers = _buffers(given, listed)
    composed = rule.composition.absorbers if rule.composition is not None else ()
    sections = given.scenario.policy.absorbers
    absorbers = composed or tuple(
        _absorber(section, listed)
        for section in sections
        if not section.markets or set(section.markets) & _check_markets(given, section, listed, is_own)
    )
    mistake = waterfall_mistake(
        Policy(buffers=buffers, absorbers=absorbers), len(listed.markets), has_winners=rule.closes_winners
    )
    if mistake is not None:
        place = f"[[waterfall]] of {rule.label} with" if composed else "[policy] and"
        raise ConfigError(f"{mistake}, in {place} [buffers] of {given.path}")
    return buffers, absorbers


def scenario_deleveraging(given: ScenarioFile) -> DeleveragingPolicy | None:
    """Return by which rule winners pay and when, None where it does not say; raises ConfigError."""
    section = given.scenario.policy.deleveraging
    if section is None:
        return None
    policy = DeleveragingPolicy(
        section.rule, milliseconds(section.window_seconds), wad(section.start), wad(section.stop)
    )
    if section.rule not in RULES:
        raise ConfigError(
            f"deleveraging rule {section.rule!r}: {nearest_names(section.rule, RULES)}, in [policy.deleveraging] of {given.path}"
        )
    try:
        check_switch(policy)
    except ConfigError as error:
        raise ConfigError(f"{error}, in [policy.deleveraging] of {given.path}") from error
    return policy


def _buffers(given: ScenarioFile, listed: MarketList) -> tuple[Buffer, ...]:
    shares = given.scenario.policy.fee_shares
    buffers = given.scenario.buffers
    for name in shares:
        if name not in buffers:
            raise ConfigError(
                f"no buffer {name!r} ({nearest_names(name, buffers)}), in [policy.fee_shares] of {given.path}"
            )
    index_of = {asset.symbol: index for index, asset in enumerate(listed.assets)}
    return tuple(
        Buffer(
            name,
            tuple(
                (index_of[symbol], amount(text, listed.assets[index_of[symbol]].decimals))
                for symbol, text in amounts.items()
                if symbol in index_of
            ),
            wad(shares.get(name, "0")),
        )
        for name, amounts in buffers.items()
    )


def _check_markets(given: ScenarioFile, section: AbsorberSection, listed: MarketList, is_own: bool) -> set[str]:
    """Return the symbols of all markets; refuse an absorber that names another one of the scenario's own."""
    known = {market.symbol for market in listed.markets}
    for symbol in section.markets if is_own else ():
        if symbol not in known:
            raise ConfigError(
                f"no market {symbol} ({nearest_names(symbol, known)}), in [[policy.absorbers]] of {given.path}"
            )
    return known


def _absorber(section: AbsorberSection, listed: MarketList) -> Absorber:
    return Absorber(
        names=tuple(section.names),
        share_ratios=tuple(wad(share) for share in section.shares),
        markets=tuple(nth for nth, market in enumerate(listed.markets) if market.symbol in section.markets),
        budget_value=wad(section.budget),
        window_ms=milliseconds(section.window_seconds),
    )
