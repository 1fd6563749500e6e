"""The outcome of a replay as the rows of a short table."""

from typing import Any

from seawall.app.number_text import duration_text, ratio_text, short_value


def outcome_rows(outcome: dict[str, Any]) -> list[list[str]]:
    """Return (what, how much) of an outcome, as text."""
    seconds, end = outcome["seconds_below_line"], outcome["liquidatable_at_end"]
    reasons = ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in end["reasons"].items())
    times = [duration_text(float(seconds[name])) for name in ("p50", "p90", "max")]
    return [
        ["Accounts liquidated", f"{outcome['accounts_liquidated']:,} of {outcome['accounts']:,}"],
        ["Liquidations", f"{outcome['liquidations']:,}"],
        ["Debt repaid", _value(outcome, "debt_repaid_value")],
        ["Collateral seized", _value(outcome, "collateral_seized_value")],
        ["Bonus to keepers", _value(outcome, "liquidation_bonus_value")],
        ["Fee to the protocol", _value(outcome, "liquidation_fee_value")],
        ["Bad debt", _value(outcome, "bad_debt_value")],
        ["  paid by buffers", _value(outcome, "buffer_drawn_value")],
        ["  left to lenders", _value(outcome, "socialized_loss_value")],
        *_deleveraging(outcome),
        ["Below the line", f"half under {times[0]}, nine in ten under {times[1]}, longest {times[2]}"],
        *_warnings(outcome["warnings"]),
        ["Still below at the end", f"{end['count']:,}" + (f" ({reasons})" if reasons else "")],
        ["  debt without collateral", short_value(int(end["insolvent_value"]))],
        ["State hash", outcome["state_hash"]],
    ]


def _deleveraging(outcome: dict[str, Any]) -> list[list[str]]:
    """Return the rows of what winners paid, where they stand in the waterfall."""
    found = outcome.get("deleveraging")
    if found is None:
        return []
    evenness = (
        f"worst {found['worst_haircut']:.1%} of a profit, Gini {found['haircut_gini']:.3f}" if found["count"] else ""
    )
    return [
        ["Deleveraged", f"{found['accounts_closed']:,} accounts, {short_value(int(found['closed_value']))} closed"],
        ["  paid by winners", short_value(int(found["paid_value"]))],
        [
            "  of their profit",
            f"{found['winners_cut']:,} of {found['winners']:,} winners{', ' * bool(evenness)}{evenness}",
        ],
    ]


def _warnings(warnings: dict[str, Any]) -> list[list[str]]:
    """Return the row of warnings, where the policy has a line for them."""
    if not int(warnings["health_factor"]):
        return []
    notice = warnings["seconds_before_line"]
    said = f", half of those who fell had {duration_text(float(notice['p50']))}" if notice["count"] else ""
    line = ratio_text(int(warnings["health_factor"]))
    return [["Warnings", f"{warnings['count']:,} below {line}, {warnings['lifted']:,} lifted{said}"]]


def _value(outcome: dict[str, Any], name: str) -> str:
    return short_value(int(outcome[name]))
