"""A protocol that a user composed: our own rule on pooled markets with other numbers, refused where it cannot work.

    heals      l(1 + b) < trigger < target, for every market and every step of a bonus that grows (b with the cap of time)
    ends       a close factor below one leaves a part each time, so it needs a dust limit to come to an end
    sells      a Dutch auction has one curve, starts at the oracle's price or above, and its rewards cannot be farmed; a batch
               has a window, a reserve up to the oracle's price, and a share for each bidder
    pays       absorbers that are there, shares that add up, no deleveraging without contracts
Each refusal is one line with the number and its limit.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from seawall.errors import ConfigError
from seawall.fixed import WAD, mul_div_down, mul_div_up
from seawall.ledger.composition import Composition
from seawall.ledger.deployment import Buffer, Policy
from seawall.ledger.liquidation_rule import LiquidationRule
from seawall.ledger.market import Market, RiskParameters
from seawall.protocols.composed_sale import batch_sale, dutch_sale
from seawall.protocols.seawall import Seawall
from seawall.protocols.seawall_batch import SeawallBatch
from seawall.protocols.seawall_dutch import SeawallDutch
from seawall.rules.growing_bonus import check_growing_bonus
from seawall.rules.loss_waterfall import AUTO_DELEVERAGING, SOCIALIZED_LOSS, waterfall_mistake

LINE_RATIO_MIN: Final = 5 * 10**17
LINE_RATIO_MAX: Final = 2 * WAD


class Composed(Seawall):
    """The protocol of one composition, which `composed_protocol` has checked."""

    def check_markets(self, markets: Sequence[Market]) -> None:
        """Refuse as our own rule does, and markets in which opening or a growing bonus is past the trigger."""
        super().check_markets(markets)
        line_ratio, growing = self.rule.line_ratio, self.rule.growing_bonus
        for place, parameters in _parameters(markets):
            threshold_ratio = parameters.liquidation_threshold_ratio
            if parameters.max_loan_to_value_ratio * line_ratio > threshold_ratio * WAD:
                raise ConfigError(
                    f"max loan to value {parameters.max_loan_to_value_ratio} of {place} is above liquidation threshold / "
                    f"trigger, {mul_div_down(threshold_ratio, WAD, line_ratio)} (WAD): a new loan could be liquidated"
                )
            if growing is None:
                continue
            edges = [line_ratio, *(step.health_factor_ratio for step in growing.steps[1:])]
            for step, edge_ratio in zip(growing.steps, edges, strict=True):
                bonus_ratio = step.bonus_ratio + growing.time_ratio_max
                toxicity_ratio = mul_div_up(threshold_ratio, WAD + bonus_ratio, WAD)
                if toxicity_ratio >= edge_ratio:
                    raise ConfigError(
                        f"liquidation threshold × (1 + bonus) {toxicity_ratio} of {place} at bonus {bonus_ratio}, its "
                        f"time included, is not below health {edge_ratio} (WAD): the bonus is toxic wherever it is paid"
                    )

    def nearest_parameters(self, parameters: RiskParameters) -> RiskParameters:
        """Return the parameters with the opening limit that the trigger leaves."""
        limit_ratio = mul_div_down(parameters.liquidation_threshold_ratio, WAD, self.rule.line_ratio)
        return replace(parameters, max_loan_to_value_ratio=min(parameters.max_loan_to_value_ratio, limit_ratio))


class ComposedDutch(Composed, SeawallDutch):
    """The same with a Dutch auction in place of the fixed spread."""


class ComposedBatch(Composed, SeawallBatch):
    """The same with a batch auction."""


def composed_protocol(composition: Composition) -> Composed:
    """Return the protocol of a composition; raises ConfigError where it cannot work in any market."""
    for name, text in (("name", composition.name), ("version", composition.version)):
        if not text or "@" in text or not text.isprintable():
            raise ConfigError(f"{name} {text!r} is empty or has a sign that a label cannot have")
    _check_rule(composition.rule)
    _check_absorbers(composition)
    version, rule, dutch, batch = composition.version, composition.rule, composition.dutch, composition.batch
    if dutch is not None and batch is not None:
        raise ConfigError("a Dutch sale and a batch in one composition; there is one way of selling")
    made = Composed(version, rule)
    if dutch is not None:
        _check_auctioned(rule)
        made = ComposedDutch(version, rule, dutch_sale(dutch, rule.dust_value))
    if batch is not None:
        _check_auctioned(rule)
        made = ComposedBatch(version, rule, batch_sale(batch))
    made.name, made.composition = composition.name, composition
    return made


def _check_rule(rule: LiquidationRule) -> None:
    if not LINE_RATIO_MIN <= rule.line_ratio <= LINE_RATIO_MAX:
        raise ConfigError(f"trigger {rule.line_ratio} is not within {LINE_RATIO_MIN} .. {LINE_RATIO_MAX} (WAD)")
    if rule.target_health_ratio and rule.target_health_ratio <= rule.line_ratio:
        raise ConfigError(
            f"target health {rule.target_health_ratio} is not above the trigger {rule.line_ratio} (WAD): "
            "an account would stay at the line"
        )
    if not 0 < rule.close_factor_ratio <= WAD:
        raise ConfigError(f"close factor {rule.close_factor_ratio} is not within 1 .. {WAD} (WAD)")
    if rule.close_factor_ratio < WAD and rule.dust_value == 0:
        raise ConfigError(
            f"close factor {rule.close_factor_ratio} (WAD) leaves a part of a debt each time, down to dust: it needs a dust limit"
        )
    if rule.bonus_share_ratio_min > WAD:
        raise ConfigError(f"least share of the bonus {rule.bonus_share_ratio_min} is above {WAD} (WAD)")
    if rule.growing_bonus is not None:
        check_growing_bonus(rule.growing_bonus, "in the bonus")
        highest_ratio = rule.growing_bonus.steps[0].health_factor_ratio
        if highest_ratio > rule.line_ratio:
            raise ConfigError(
                f"step at health {highest_ratio} is above the trigger {rule.line_ratio} (WAD): no account is liquidated there"
            )


def _check_auctioned(rule: LiquidationRule) -> None:
    """Refuse parts of a rule that an auction of the whole pair has no use for."""
    if rule.target_health_ratio or rule.close_factor_ratio != WAD:
        raise ConfigError(
            f"target health {rule.target_health_ratio} or close factor {rule.close_factor_ratio} (WAD) beside an auction, "
            "which takes the whole pair"
        )
    if rule.growing_bonus is not None or rule.bonus_share_ratio_min != WAD:
        raise ConfigError("a bonus that grows or is capped beside an auction, which finds its price by itself")


def _check_absorbers(composition: Composition) -> None:
    """Refuse absorbers that no buffers could make right; which buffers there are, only the deployment knows."""
    named = {name for absorber in composition.absorbers for name in absorber.names}
    buffers = tuple(Buffer(name, ()) for name in sorted(named - {AUTO_DELEVERAGING, SOCIALIZED_LOSS}))
    policy = Policy(buffers=buffers, absorbers=composition.absorbers)
    mistake = waterfall_mistake(policy, 0, has_winners=Composed.closes_winners)
    if mistake is not None:
        raise ConfigError(mistake)


def _parameters(markets: Sequence[Market]) -> Iterator[tuple[str, RiskParameters]]:
    """Yield every set of parameters with its place, category by category."""
    for market in markets:
        yield market.symbol, market.parameters
        for category, parameters in sorted(market.categories.items()):
            yield f"{market.symbol} in category {category}", parameters
