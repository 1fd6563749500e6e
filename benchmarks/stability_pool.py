"""What a stability pool costs: an offset, whoever is in it, and all backers' claims; part of `benchmarks.sales`."""

from benchmarks.processor_time import least_seconds
from benchmarks.table import Row

from seawall.ledger.backstop import Backstop
from seawall.rules.stability_pool import claims, commit, offset

ROUNDS = 20
BACKERS = 10_000
OFFSETS = 10_000
CLAIMS_MS_MAX = 10.0


def measure() -> list[Row]:
    """Return what an offset costs, whoever is in the pool, and what it costs to know all backers' claims."""
    rows = []
    backstops = {count: _backed_by(count) for count in (BACKERS // 100, BACKERS)}
    for count, backstop in backstops.items():
        share = backstop.amount // 10**9

        def pay(backstop: Backstop = backstop, share: int = share) -> None:
            for _ in range(OFFSETS):
                offset(backstop, share, share)

        rows.append(Row(f"stability pool of {count:,}, one offset", least_seconds(pay) / OFFSETS * 1e6, "us"))
    backstop = backstops[BACKERS]
    commitments = list(backstop.commitments.values())
    milliseconds = least_seconds(lambda: claims(backstop, commitments), rounds=ROUNDS) * 1e3
    rows.append(
        Row(f"stability pool, claims of {BACKERS:,} backers", milliseconds, "ms", CLAIMS_MS_MAX,
            ok=milliseconds < CLAIMS_MS_MAX)
    )  # fmt: skip
    return rows


def _backed_by(count: int) -> Backstop:
    """Return a pool of so many backers who came at different times, over several scales."""
    backstop = Backstop()
    for nth in range(count):
        commit(backstop, nth.to_bytes(20, "big"), 10**18 + nth * 7_919 * 10**15)
        if nth % 3 == 0:
            offset(backstop, backstop.amount // (10_000, 3)[nth % 300 == 0], 10**17 + nth)
    return backstop
