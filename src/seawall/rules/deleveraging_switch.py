"""When auto-deleveraging starts and stops: by the drawdown of the insurance fund, with hysteresis, as Bybit documents it.

    drawdown = (greatest profit and loss in the window - profit and loss now) / greatest balance in the window
    starts   above `start_ratio`, or with nothing in the fund          stops   below `stop_ratio`, with something in it
Between the two it stays as it was. Profit and loss are the fund's own, so that a deposit hides no drawdown. What a later
observation meets or exceeds in both is no greatest any more, and is forgotten; so is what has left the window.
"""

import msgspec

from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.deleveraging import DeleveragingPolicy
from seawall.units import Milliseconds, Value


class FundObservation(msgspec.Struct, frozen=True):
    """What the fund held at a moment, and its profit and loss since it began."""

    at: Milliseconds
    balance_value: Value
    profit_value: Value


class DeleveragingSwitch(msgspec.Struct, frozen=True):
    """Whether winners may be deleveraged now, and the observations that may still be the greatest of the window."""

    is_on: bool = False
    peaks: tuple[FundObservation, ...] = ()


def check_switch(policy: DeleveragingPolicy) -> None:
    """Raise ConfigError where the window is empty, or the stop is not below the start, or either is no drawdown."""
    if policy.window_ms <= 0:
        raise ConfigError(f"window {policy.window_ms} ms is not positive, in the deleveraging switch")
    if not 0 <= policy.stop_ratio < policy.start_ratio < WAD:
        raise ConfigError(
            f"stop {policy.stop_ratio} and start {policy.start_ratio} do not rise within 0 .. {WAD}, "
            "in the deleveraging switch"
        )


def switch_after(switch: DeleveragingSwitch, seen: FundObservation, policy: DeleveragingPolicy) -> DeleveragingSwitch:
    """Return the switch after an observation of the fund, which comes no earlier than the last one."""
    peaks = (
        *(
            peak
            for peak in switch.peaks
            if peak.at > seen.at - policy.window_ms
            if peak.balance_value > seen.balance_value or peak.profit_value > seen.profit_value
        ),
        seen,
    )
    fallen_value = max(peak.profit_value for peak in peaks) - seen.profit_value
    peak_value = max(peak.balance_value for peak in peaks)
    if seen.balance_value <= 0 or fallen_value * WAD > policy.start_ratio * peak_value:
        is_on = True
    elif fallen_value * WAD < policy.stop_ratio * peak_value:
        is_on = False
    else:
        is_on = switch.is_on
    return DeleveragingSwitch(is_on, peaks)
