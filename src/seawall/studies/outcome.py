"""The outcome of a run: what happened, in integers as text, the same bytes for the same inputs.

Values are WAD in the unit of account, amounts base units. Nothing in it depends on the machine or on the time of day.
"""

from collections import Counter
from typing import Any

import msgspec

from seawall.engine.engine import Engine
from seawall.fixed import WAD
from seawall.ledger.account import decode_account
from seawall.ledger.deployment import Deployment
from seawall.protocols.protocol import Health
from seawall.rules.margin import equity_value
from seawall.studies.recorder import Recorder
from seawall.studies.run_plan import RunPlan
from seawall.studies.tally import Amounts, amounts_in, below_line_ms, notices_ms
from seawall.units import Milliseconds
from seawall.world.world import World

SCHEMA = 1
_WORST_COUNT = 10


def outcome_of(plan: RunPlan, engine: Engine, world: World, recorder: Recorder, journal_head: str) -> dict[str, Any]:
    """Return the outcome of a finished run, ready for JSON."""
    tally, state = recorder.tally, engine.state
    before = recorder.amounts_before
    assert before is not None
    after = amounts_in(state.deployment, engine.protocol)
    return {
        "schema": SCHEMA,
        "scenario": plan.scenario,
        "title": plan.title,
        "inputs": [
            {"name": given.name, "kind": given.kind, "sha256": given.sha256, "detail": given.detail}
            for given in plan.inputs
        ],
        "notes": list(plan.notes),
        "protocol": engine.protocol.label,
        "protocol_proof": engine.protocol.proof.value,
        "seed": plan.seed,
        "accounts": state.deployment.book.account_count,
        "ticks": recorder.tick_count,
        "blocks": recorder.block_count,
        "events": recorder.event_count,
        "liquidations": tally.liquidation_count,
        "accounts_liquidated": sum(account.liquidation_count > 0 for account in tally.accounts.values()),
        "assets": _assets(state.deployment, recorder, before, after),
        "debt_repaid_value": str(tally.repay_value + tally.offset_value),
        "collateral_seized_value": str(tally.seize_value + tally.gain_value),
        "liquidation_bonus_value": str(tally.seize_value - tally.repay_value),
        "liquidation_fee_value": str(tally.fee_value),
        "bad_debt_value": str(tally.bad_debt_value),
        "buffer_drawn_value": str(sum(tally.buffer_values.values())),
        "borrower_loss_value": str(tally.borrower_loss_value),
        "socialized_loss_value": str(tally.socialized_loss_value),
        "payers": {
            "borrowers": str(tally.borrower_loss_value),
            "keepers": str(tally.repay_value - tally.seize_value),
            "protocol": str(-tally.fee_value),
            "backers": str(tally.offset_value - tally.gain_value),
            "buffers": {name: str(value) for name, value in sorted(tally.buffer_values.items())},
            "lenders": str(tally.socialized_loss_value),
        },
        **({} if state.deleveraging is None else {"deleveraging": tally.deleveraging.outcome()}),
        "liquidatable_at_start": {
            "count": sum(recorder.refusals_at_start().values()),
            "debt_value": str(recorder.debt_value_at_start()),
            "reasons": dict(sorted(recorder.refusals_at_start().items())),
        },
        "liquidatable_at_end": _left_below(engine, world),
        "seconds_below_line": _quantiles(below_line_ms(tally, engine)),
        "warnings": {
            "health_factor": str(state.policy.warning_health_ratio),
            "count": tally.warning_count,
            "lifted": tally.lifted_count,
            "seconds_before_line": _quantiles(notices_ms(tally, engine)),
        },
        "worst_insolvent_value": str(round(recorder.worst_insolvent_f64 * WAD)),
        "worst_accounts": _worst_accounts(recorder),
        "refusals": {reason.value: count for reason, count in sorted(tally.refusals.items(), key=lambda r: r[0].value)},
        "world": world.counters(),
        "state_hash": state.digest(),
        "journal_head": journal_head,
    }


def outcome_bytes(outcome: dict[str, Any]) -> bytes:
    """Return the outcome as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(outcome), indent=2) + b"\n"


def _assets(deployment: Deployment, recorder: Recorder, before: Amounts, after: Amounts) -> dict[str, Any]:
    tally = recorder.tally
    assets = {}
    for nth, asset in enumerate(deployment.assets):
        debt = (
            before.debt_amounts[nth],
            tally.repaid_amounts[nth],
            tally.written_off_amounts[nth],
            after.debt_amounts[nth],
        )
        held = (
            before.collateral_amounts[nth],
            tally.seized_amounts[nth],
            tally.fee_amounts[nth],
            after.collateral_amounts[nth],
        )
        assets[asset.symbol] = {
            "decimals": asset.decimals,
            "debt_amount": {
                "before": str(debt[0]),
                "accrued": str(debt[3] + debt[1] + debt[2] - debt[0]),
                "repaid": str(debt[1]),
                "written_off": str(debt[2]),
                "after": str(debt[3]),
            },
            "collateral_amount": {
                "before": str(held[0]),
                "accrued": str(held[3] + held[1] + held[2] - held[0]),
                "seized": str(held[1]),
                "fee": str(held[2]),
                "after": str(held[3]),
            },
        }  # fmt: skip
    return assets


def _left_below(engine: Engine, world: World) -> dict[str, Any]:
    """Return the accounts that are still below the line: the engine's reason, or else the keepers'."""
    state = engine.state
    reasons: Counter[str] = Counter()
    for row, episode in state.episodes.items():
        account = state.deployment.book.account_at(row)
        said = episode.declined.value if episode.declined is not None else world.reasons.get(account, "in_flight")
        reasons[said] += 1
    healths = [health for row in state.episodes if (health := _health(engine, row)) is not None]
    return {
        "count": len(state.episodes),
        "debt_value": str(sum(health.debt_value for health in healths)),
        "insolvent_value": str(
            sum(max(0, -equity_value(health.collateral_value, health.debt_value)) for health in healths)
        ),
        "reasons": dict(sorted(reasons.items())),
    }


def _health(engine: Engine, row: int) -> Health | None:
    """Return the health of an account, or None where a price that it needs is unknown."""
    health = engine.protocol.health(engine.state.deployment, row)
    return health if isinstance(health, Health) else None


def _quantiles(durations: list[Milliseconds]) -> dict[str, int]:
    """Return quantiles of ascending durations in whole seconds, nearest rank."""
    if not durations:
        return {"count": 0, "p50": 0, "p90": 0, "max": 0}
    ranked = {name: durations[(len(durations) * percent + 99) // 100 - 1] // 1_000 for name, percent in _QUANTILES}
    return {"count": len(durations), **ranked}


_QUANTILES = (("p50", 50), ("p90", 90), ("max", 100))


def _worst_accounts(recorder: Recorder) -> list[dict[str, Any]]:
    ranked = sorted(
        recorder.tally.accounts.items(), key=lambda item: (-item[1].bad_debt_value, -item[1].loss_value, item[0])
    )
    return [
        {
            "account": decode_account(account),
            "bad_debt_value": str(tallied.bad_debt_value),
            "loss_value": str(tallied.loss_value),
            "repay_value": str(tallied.repay_value),
            "liquidations": tallied.liquidation_count,
            "health_factor_lowest": str(recorder.lowest_health_ratio.get(account, 0)),
        }
        for account, tallied in ranked[:_WORST_COUNT]
    ]
