"""The answer to a question on parameters as the rows of short tables."""

from seawall.app.number_text import duration_text, percent_text, ratio_text, short_account, short_value
from seawall.app.parameter_question import Answer
from seawall.fixed import MILLISECONDS_PER_SECOND, WAD, mul_div_down
from seawall.ledger.account import decode_account
from seawall.studies.parameter_change import PARTS, Fallen, Step
from seawall.units import Milliseconds


def change_rows(found: Answer) -> list[list[str]]:
    """Return (what, how much): the change, who falls by it at once, and how far one may go."""
    fallen, repaid = found.fallen, sum(lost.repay_value for lost in found.liquidated)
    rows = [[key, f"{ratio_text(before)} to {ratio_text(after)}"] for key, before, after in found.change]
    rows += [
        ["Liquidatable at once", f"{fallen.account_count:,} of {found.debtor_count:,} accounts with debt"],
        ["  their debt", short_value(fallen.debt_value)],
        ["  their collateral", short_value(fallen.collateral_value)],
        ["  repaid, if keepers take all they may", short_value(repaid)],
        ["  lost in bonus and fee", short_value(found.loss_value)],
        ["Below the line already", f"{found.already_below_count:,}"],
        ["Largest step by which nobody falls", _step(found.safe)],
    ]
    if found.safe_with_prices is not None:
        rows.append(["  with prices fallen too", _step(found.safe_with_prices)])
    shortest = found.safe_ramp_ms
    said = "none" if shortest is None else "at once" if not shortest else _days(shortest)
    return [*rows, [f"Shortest safe ramp, a step each {_days(found.step_ms)}", said]]


def account_rows(found: Answer, limit: int) -> list[list[str]]:
    """Return the accounts that lose most."""
    return [
        [
            short_account(decode_account(lost.account)),
            ratio_text(lost.health_before_ratio),
            ratio_text(lost.health_after_ratio),
            short_value(lost.debt_value),
            short_value(lost.repay_value),
            short_value(lost.loss_value),
        ]
        for lost in found.liquidated[:limit]
    ]


def ramp_rows(found: Answer) -> tuple[list[str], list[list[str]]]:
    """Return the columns and rows by length of ramp."""
    has_prices = found.safe_with_prices is not None
    columns = ["Ramp", "Steps", "Share a step", "Fall by the first", "Debt"]
    columns += ["with prices", "Debt"] if has_prices else []
    rows = []
    for ramp in found.ramps:
        row = [_days(ramp.duration_ms) if ramp.duration_ms else "at once", f"{ramp.step_count:,}"]
        row += [percent_text(mul_div_down(WAD, 1, ramp.step_count)), *_fallen(ramp.first_step)]
        row += _fallen(ramp.with_prices) if ramp.with_prices is not None else []
        rows.append([*row, "yes" if ramp.is_safe else "no"])
    return [*columns, "Safe"], rows


def _fallen(fallen: Fallen) -> list[str]:
    return [f"{fallen.account_count:,}", short_value(fallen.debt_value)]


def _step(step: Step) -> str:
    return f"{percent_text(mul_div_down(WAD, step.part, PARTS))} of the change"


def _days(span_ms: Milliseconds) -> str:
    return duration_text(span_ms / MILLISECONDS_PER_SECOND)
