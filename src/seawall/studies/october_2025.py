"""10 October 2025: how much winners lost to deleveraging, wave by wave, and who would have lost it under other rules.

What production took is a *data check* on the paper's files. Who would have paid is *predicted* on a generated book
(`winner_book.py`) whose profits and equities are those of each wave, so that fairness is claimed for that book only. The price
of closing is *fitted*: 60.1 million lost on 2,103.1 million closed is 2.86 % of the mark.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from seawall.fixed import WAD, mul_div_up
from seawall.ledger.deleveraging import EXACT_BUDGET, Cut, Deleveraging, UncoveredLoss, Winner
from seawall.ledger.market import COLLATERAL
from seawall.rules.auto_deleveraging import deleveraging_by
from seawall.rules.exact_budget import budget_amount
from seawall.rules.pro_rata import pro_rata_shares
from seawall.rules.winner import cost_price, margin_value, profit_value
from seawall.studies.fairness import concentration_f64, gini_f64, profit_haircuts_f64, worst_haircut_f64
from seawall.studies.october_waves import Wave, data_checks, read_waves
from seawall.studies.study import Chart, Claim, Progress, StudyOutcome, Table, rounded_text
from seawall.studies.winner_book import MARK_PRICE, UNIT, winner_book
from seawall.units import Price

NAME: Final = "october_2025"
TITLE: Final = "10 October 2025: deleveraging on Hyperliquid, what was needed and what was taken"
SEED: Final = 1
WINNERS_MIN: Final = 200
WINNERS_MAX: Final = 4_000
WINNERS_A_FILL: Final = 2
QUEUE: Final = "hyperliquid_queue@1"
COST_PRICE: Final[Price] = MARK_PRICE * 286 // 10_000

PRODUCTION: Final = "production's queue, what it took"
STOPPED_QUEUE: Final = "the same queue, stopped at the loss"
CONTRACTS: Final = "pro rata to contracts"
OURS: Final = "exact budget"


class Measured(NamedTuple):
    """What a policy did to one wave's book."""

    paid_value: int
    error_value: int
    worst_f64: float
    gini_f64: float
    concentration_f64: float
    hit_count: int
    whole_count: int
    below_margin_count: int


def study(data: Path, progress: Progress) -> StudyOutcome:
    """Return the study of the waves in a folder of recorded crashes."""
    waves = read_waves(data)
    measured: dict[str, list[Measured]] = {policy: [] for policy in POLICIES}
    records: dict[str, bytes] = {}
    for nth, wave in enumerate(waves):
        progress(nth, len(waves))
        book = winner_book(wave, _winner_count(wave), SEED)
        loss = _loss(wave)
        for policy, cuts_of in POLICIES.items():
            cuts = cuts_of(wave, loss, book)
            measured[policy].append(_measured(cuts, loss, book))
        records[f"wave_{wave.number:02}.json"] = msgspec.json.encode(_decided(EXACT_BUDGET, loss, book))
    progress(len(waves), len(waves))
    return StudyOutcome(
        NAME, TITLE, _story(waves, measured), tuple(data_checks(data, waves)),
        (_wave_table(waves), _policy_table(measured)), _charts(waves, measured), NOTES, records,
    )  # fmt: skip


NOTES: Final = (
    "Files: outputs of arXiv 2512.01112 as kept under perps/; 16 waves at a gap of five seconds, numbered as there.",
    "A row of a loser is no loss: one account's 10.9 million stands in nine waves. Losses are counted by account and episode.",
    "The winners are generated: profits and equities of each wave are met exactly, shapes are fitted on published figures, hedges "
    "are assumed. No figure on fairness says more than what these rules do to that book.",
    "Under every rule but the first, winners pay what was needed. Production took another amount from them; the first row "
    "has its queue take the same.",
)


def _winner_count(wave: Wave) -> int:
    return min(WINNERS_MAX, max(WINNERS_MIN, WINNERS_A_FILL * wave.fill_count))


def _loss(wave: Wave) -> UncoveredLoss:
    """Return a wave as one loss: a long that is just large enough to pay it when it is closed at the price."""
    loss = UncoveredLoss(COLLATERAL, 1 << 127, UNIT, MARK_PRICE, MARK_PRICE + COST_PRICE, wave.needed_value)
    return replace(loss, balance=budget_amount(loss))


def _decided(rule: str, loss: UncoveredLoss, book: Sequence[Winner]) -> Deleveraging:
    record = deleveraging_by(rule, loss, book)
    assert isinstance(record, Deleveraging), record
    return record


# -- policies ---------------------------------------------------------------------------------------------


def _production(wave: Wave, loss: UncoveredLoss, book: Sequence[Winner]) -> Sequence[Cut]:
    taken = replace(loss, loss_value=wave.taken_value, balance=1 << 127)
    return _decided(QUEUE, replace(taken, balance=budget_amount(taken)), book).cuts


def _stopped_queue(_: Wave, loss: UncoveredLoss, book: Sequence[Winner]) -> Sequence[Cut]:
    return _decided(QUEUE, loss, book).cuts


def _contracts(_: Wave, loss: UncoveredLoss, book: Sequence[Winner]) -> Sequence[Cut]:
    closed = pro_rata_shares(min(loss.balance, sum(winner.balance for winner in book)), [w.balance for w in book])
    return [
        Cut(winner.account, amount, mul_div_up(amount, cost_price(loss), loss.unit))
        for winner, amount in zip(book, closed, strict=True)
        if amount
    ]


def _exact_budget(_: Wave, loss: UncoveredLoss, book: Sequence[Winner]) -> Sequence[Cut]:
    return _decided(EXACT_BUDGET, loss, book).cuts


POLICIES: Final[dict[str, Callable[[Wave, UncoveredLoss, Sequence[Winner]], Sequence[Cut]]]] = {
    PRODUCTION: _production,
    STOPPED_QUEUE: _stopped_queue,
    CONTRACTS: _contracts,
    OURS: _exact_budget,
}


def _measured(cuts: Sequence[Cut], loss: UncoveredLoss, book: Sequence[Winner]) -> Measured:
    """Return what cuts did; who was below its margin before counts for nobody."""
    by_account = {cut.account: cut for cut in cuts}
    none = Cut(b"", 0, 0)
    found = [by_account.get(winner.account, none) for winner in book]
    haircuts = profit_haircuts_f64([cut.paid_value for cut in found], [profit_value(winner, loss) for winner in book])
    paid = sum(cut.paid_value for cut in cuts)
    return Measured(
        paid, paid - loss.loss_value, worst_haircut_f64(haircuts), gini_f64(haircuts),
        concentration_f64([cut.closed_amount for cut in cuts]), len(cuts),
        sum(cut.closed_amount == winner.balance for cut, winner in zip(found, book, strict=True)),
        sum(
            winner.equity_value >= margin_value(winner, winner.balance, loss.unit)
            and winner.equity_value - cut.paid_value < margin_value(winner, winner.balance - cut.closed_amount, loss.unit)
            for cut, winner in zip(found, book, strict=True)
        ),
    )  # fmt: skip


# -- what is said -----------------------------------------------------------------------------------------


def _story(waves: Sequence[Wave], measured: dict[str, list[Measured]]) -> str:
    needed, taken = sum(wave.needed_value for wave in waves), sum(wave.taken_value for wave in waves)
    short = [wave for wave in waves if wave.error_value < 0]
    ours, queue = measured[OURS], measured[STOPPED_QUEUE]
    return (
        f"Winners had to give up {_millions(needed)} million and gave up {_millions(taken)}: {len(short)} waves took "
        f"{_millions(-sum(wave.error_value for wave in short))} million too little, the others "
        f"{_millions(sum(wave.error_value for wave in waves if wave.error_value > 0))} too much. On the generated book the exact budget takes "
        f"what was needed and at worst {100 * max(each.worst_f64 for each in ours):.1f} % of anybody's profit; the queue that was used, "
        f"stopped at the same loss, takes up to {100 * max(each.worst_f64 for each in queue):.0f} %."
    )


def _millions(wad: int) -> str:
    return rounded_text(wad // 10**6, 1)


def _wave_table(waves: Sequence[Wave]) -> Table:
    return Table(
        "Needed and taken, by wave",
        "What winners had to give up, what production took, and by how much that was too much or, below zero, too little.",
        Claim.DATA_CHECK,
        ("Wave", "Needed", "Taken", "Error", "Winners' profit"),
        tuple(
            (
                str(wave.number),
                *(rounded_text(value, 2) for value in (wave.needed_value, wave.taken_value, wave.error_value, wave.profit_value)),
            )
            for wave in waves
        ),
    )  # fmt: skip


def _policy_table(measured: dict[str, list[Measured]]) -> Table:
    return Table(
        "Who would have paid, on the generated book",
        "Over all waves: what winners paid and the error in it; the worst haircut, and the means over the waves of each wave's worst "
        "and of its Gini coefficient and concentration; winners cut, closed whole, and pushed below their own margin. Above 100 % a position was closed at a "
        "loss. For this book only.",
        Claim.PREDICTED,
        (
            "Policy",
            "Paid",
            "Error",
            "Worst %",
            "Mean worst %",
            "Mean Gini",
            "Mean concentration",
            "Cut",
            "Closed whole",
            "Below margin",
        ),
        tuple(
            (
                policy,
                rounded_text(sum(each.paid_value for each in waves), 2),
                rounded_text(sum(each.error_value for each in waves), 2),
                round(100 * max(each.worst_f64 for each in waves), 2),
                round(100 * fmean(each.worst_f64 for each in waves), 2),
                round(fmean(each.gini_f64 for each in waves), 3),
                round(fmean(each.concentration_f64 for each in waves), 3),
                sum(each.hit_count for each in waves),
                sum(each.whole_count for each in waves),
                sum(each.below_margin_count for each in waves),
            )
            for policy, waves in measured.items()
        ),
    )


def _charts(waves: Sequence[Wave], measured: dict[str, list[Measured]]) -> tuple[Chart, ...]:
    labels = tuple(str(wave.number) for wave in waves)
    return (
        Chart(
            "Taken too much, and too little", "Production's error by wave, in dollars.", Claim.DATA_CHECK, labels,
            {"error": tuple(wave.error_value / WAD for wave in waves)},
        ),
        Chart(
            "The worst haircut of each wave", "The most of anybody's profit that a policy took. For the generated book only.",
            Claim.PREDICTED, labels,
            {policy: tuple(100 * each.worst_f64 for each in measured[policy]) for policy in measured},
            is_percentage=True,
        ),
    )  # fmt: skip
