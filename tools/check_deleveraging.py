#!/usr/bin/env python3
"""Check published deleveragings: `check_deleveraging.py RECORDS.json`, a record or a list of them.

It shares no line with the program that wrote the record and needs nothing but Python: whom the rule had to cut, and by how
much, is worked out again from the record's inputs, with fractions instead of scaled integers and by other methods.
Prints one line a violation. Exit status: 0 the record holds, 1 it does not, 2 it cannot be read.
"""

import base64
import json
import sys
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from pathlib import Path

LONG, SHORT = 0, 1
WAD = 10**18


class Winner:
    """What the record says of a winner, and what follows for a given loss."""

    def __init__(self, said: dict, loss: dict) -> None:
        self.account = base64.b64decode(said["account"], validate=True)
        self.name = self.account.hex()
        self.size = said["balance"]
        self.wallet, self.equity = said["wallet_value"], said["equity_value"]
        self.lines = said["margin_lines"]
        self.entry, mark, unit = said["entry_price"], loss["mark_price"], loss["unit"]
        move = mark - self.entry if loss["side"] == SHORT else self.entry - mark
        self.gain = Fraction(self.size * move, unit)
        self.notional = -(self.size * mark // -unit)
        self.entry_value = -(self.size * self.entry // -unit)

    def room(self, closed: int, unit: int) -> Fraction:
        """Return how far the equity is above the highest margin line once so much is closed, nothing paid."""
        return min(self.equity - rest - Fraction((self.size - closed) * slope, unit) for rest, slope in self.lines)

    def margin(self, unit: int) -> int:
        """Return the whole position's maintenance margin, rounded up."""
        return max(rest - (self.size * slope // -unit) for rest, slope in self.lines)


def cost_of(loss: dict) -> int:
    """Return what closing a whole asset costs a winner."""
    move = loss["deleveraging_price"] - loss["mark_price"]
    return -move if loss["side"] == SHORT else move


def violations(record: dict) -> list[str]:
    """Return everything that is wrong with a record, one line each."""
    loss = record["loss"]
    found = faults_of_loss(record, loss)
    if found:
        return found
    winners = [Winner(said, loss) for said in record["winners"]]
    found = faults_of_winners(winners)
    if found:
        return found
    cuts = [(base64.b64decode(cut["account"]), cut["closed_amount"], cut["paid_value"]) for cut in record["cuts"]]
    by_account = {winner.account: winner for winner in winners}
    if len({account for account, _, _ in cuts}) != len(cuts):
        found.append("an account is cut twice")
    strangers = [account for account, _, _ in cuts if account not in by_account]
    if strangers:
        return [*found, *(f"{account.hex()} is cut and is no winner" for account in strangers)]
    for account, closed, paid in cuts:
        found += faults_of_cut(by_account[account], closed, paid, loss)
    paid_in_all = sum(paid for _, _, paid in cuts)
    if record["remainder_value"] != max(0, loss["loss_value"] - paid_in_all):
        found.append(f"remainder {record['remainder_value']} is not loss {loss['loss_value']} less {paid_in_all} paid")
    if record["rule"] == "exact_budget@1":
        found += faults_of_exact_budget(winners, cuts, loss)
    else:
        found += faults_of_queue(winners, cuts, loss, RANKS[record["rule"]])
    return found


def faults_of_loss(record: dict, loss: dict) -> list[str]:
    """Return why no rule could have been applied to this loss."""
    found = []
    if record["schema"] != 1:
        found.append(f"schema {record['schema']} is not 1")
    if record["rule"] != "exact_budget@1" and record["rule"] not in RANKS:
        found.append(f"rule {record['rule']} is not known")
    if loss["side"] not in (LONG, SHORT):
        found.append(f"side {loss['side']} is neither {LONG} nor {SHORT}")
    found += [
        f"{name} {loss[name]} is not positive"
        for name in ("loss_value", "balance", "unit", "mark_price")
        if loss[name] <= 0
    ]
    if not found and cost_of(loss) <= 0:
        found.append(f"price {loss['deleveraging_price']} costs winners nothing at a mark of {loss['mark_price']}")
    return found


def faults_of_winners(winners: list[Winner]) -> list[str]:
    """Return which winners are no winners, or stand in the wrong place."""
    found = [
        f"winner {after.name} does not come after {before.name}"
        for before, after in pairwise(winners)
        if before.account >= after.account
    ]
    found += [
        f"winner {w.name} has no position, entry or margin"
        for w in winners
        if not (w.size > 0 and w.entry > 0 and w.lines)
    ]
    return found


def faults_of_cut(winner: Winner, closed: int, paid: int, loss: dict) -> list[str]:
    """Return what no rule may do to a winner."""
    found = []
    if not 0 < closed <= winner.size:
        found.append(f"{winner.name} is cut by {closed}, of a position of {winner.size}")
    most = -(closed * cost_of(loss) // -loss["unit"])
    if not 0 <= paid <= most:
        found.append(f"{winner.name} pays {paid} where closing {closed} costs {most}")
    return found


def faults_of_exact_budget(winners: list[Winner], cuts: list[tuple], loss: dict) -> list[str]:
    """Return where the cuts are not the loss and no unit more, below every cap, level, and by largest remainders."""
    cost, unit, size, found = cost_of(loss), loss["unit"], loss["balance"], []
    budget = min(size, ceil(Fraction(loss["loss_value"] * unit, cost)))
    caps = [cap_of(winner, cost, unit) for winner in winners]
    given = {account: (closed, paid) for account, closed, paid in cuts}
    closed_in_all = sum(closed for closed, _ in given.values())
    if closed_in_all != min(budget, sum(caps)):
        found.append(f"{closed_in_all} is closed, not the budget {budget} or all caps {sum(caps)}, whichever is less")
    for winner, cap in zip(winners, caps, strict=True):
        closed, paid = given.get(winner.account, (0, 0))
        if closed > cap:
            found.append(f"{winner.name} is cut by {closed}, above its cap {cap}")
        if paid > max(winner.gain, 0):
            found.append(f"{winner.name} pays {paid}, more than its profit {float(winner.gain):.6g}")
        if closed and winner.room(closed, unit) < paid:
            found.append(f"{winner.name} is pushed below its margin by {float(paid - winner.room(closed, unit)):.6g}")
    shares = level_shares(min(budget, sum(caps)), [max(winner.gain, Fraction(0)) for winner in winners], caps)
    for winner, share in zip(winners, shares, strict=True):
        closed, _ = given.get(winner.account, (0, 0))
        if closed != share:
            found.append(f"{winner.name} is cut by {closed}, its share is {share}")
    if [account for account, _, _ in cuts] != sorted(given):
        found.append("cuts are not in order of their accounts")
    whole = min(loss["loss_value"], budget * cost // unit)
    covered = whole * closed_in_all // budget
    running = before = 0
    for account, closed, paid in cuts:
        running += closed
        due = covered * running // closed_in_all
        if paid != due - before:
            found.append(f"{account.hex()} pays {paid}, its part of what is covered is {due - before}")
        before = due
    return found


def cap_of(winner: Winner, cost: int, unit: int) -> int:
    """Return the most that a winner may be cut by, by trying: half of what is left, again and again."""
    rounding = Fraction(unit - 1, unit)

    def may(closed: int) -> bool:
        within_profit = -(closed * cost // -unit) <= winner.gain
        keeps_margin = winner.room(closed, unit) >= Fraction(closed * cost, unit) + rounding
        return within_profit and keeps_margin and winner.room(0, unit) >= rounding

    if winner.gain <= 0:
        return 0
    if winner.room(0, unit) >= 0 and may(winner.size):
        return winner.size
    low, high = 0, winner.size
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if may(middle) else (low, middle)
    return low


def level_shares(amount: int, weights: list[Fraction], caps: list[int]) -> list[int]:
    """Return the shares at one level, round by round: who is full leaves, the others share what is left."""
    shares = {}
    rest = [place for place, weight in enumerate(weights) if weight and caps[place]]
    left = amount
    while rest:
        level = Fraction(left) / sum(weights[place] for place in rest)
        full = [place for place in rest if level * weights[place] > caps[place]]
        if not full:
            quotas = {place: level * weights[place] for place in rest}
            shares |= {place: int(quota) for place, quota in quotas.items()}
            missing = left - sum(shares[place] for place in rest)
            for place in sorted(rest, key=lambda place: (shares[place] - quotas[place], place))[:missing]:
                shares[place] += 1
            break
        for place in full:
            shares[place] = caps[place]
        left -= sum(caps[place] for place in full)
        rest = [place for place in rest if place not in shares]
    return [shares.get(place, 0) for place in range(len(weights))]


def bitmex_rank(winner: Winner, _: dict) -> Fraction:
    """Return the return on entry by leverage, over it for a loss."""
    profit = floor(winner.gain)
    leverage = Fraction(winner.notional, winner.equity)
    change = Fraction(profit, winner.entry_value)
    return change * leverage if profit > 0 else change / leverage


def binance_rank(winner: Winner, loss: dict) -> Fraction | None:
    """Return the return on the wallet by the share of equity that is margin; nobody without either is in the queue."""
    profit = floor(winner.gain)
    rank = Fraction(max(0, profit), max(WAD, winner.wallet)) * Fraction(winner.margin(loss["unit"]), winner.equity)
    return rank or None


def hyperliquid_rank(winner: Winner, loss: dict) -> Fraction:
    """Return the move in favour by leverage."""
    move = Fraction(loss["mark_price"], winner.entry)
    return (move if loss["side"] == SHORT else 1 / move) * Fraction(winner.notional, winner.equity)


RANKS = {
    "bitmex_queue@1": bitmex_rank,
    "binance_queue@1": binance_rank,
    "hyperliquid_queue@1": hyperliquid_rank,
}


def faults_of_queue(winners: list[Winner], cuts: list[tuple], loss: dict, rank_of) -> list[str]:
    """Return where the cuts are not those of the queue, whole positions in its order."""
    ranked = [(rank_of(winner, loss), winner) for winner in winners if winner.equity > 0]
    queue = sorted(((rank, w) for rank, w in ranked if rank is not None), key=lambda pair: (-pair[0], pair[1].account))
    left, due = loss["balance"], []
    for _, winner in queue:
        closed = min(left, winner.size)
        if closed:
            due.append((winner.account, closed, -(closed * cost_of(loss) // -loss["unit"])))
        left -= closed
    found = [
        f"place {nth} of the queue cuts {got[0].hex()} by {got[1]} for {got[2]}, not {want[0].hex()} by {want[1]} for {want[2]}"
        for nth, (got, want) in enumerate(zip(cuts, due, strict=False), 1)
        if got != want
    ]
    if len(cuts) != len(due):
        found.append(f"{len(cuts)} winners are cut, the queue reaches {len(due)}")
    return found


def main(arguments: list[str]) -> int:
    """Check the records that are named, and return the exit status."""
    if len(arguments) != 1:
        print("usage: check_deleveraging.py RECORDS.json", file=sys.stderr)
        return 2
    try:
        read = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        records = read if isinstance(read, list) else [read]
        found = [(number, line) for number, record in enumerate(records, start=1) for line in violations(record)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{arguments[0]} is no record of a deleveraging: {type(error).__name__} {error}", file=sys.stderr)
        return 2
    for number, line in found:
        print(f"record {number}: {line}" if len(records) > 1 else line)
    broken = {number for number, _ in found}
    for number, record in enumerate(records, start=1):
        if number not in broken:
            winners, cuts = len(record["winners"]), len(record["cuts"])
            print(f"record {number} holds: {record['rule']}, {winners:,} winners, {cuts:,} cut")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
