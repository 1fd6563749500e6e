"""What stands behind markets as canonical JSON: mappings become pairs in order of their keys."""

from msgspec import Struct
from msgspec.structs import replace

from seawall.ledger.backstop import Backstop, Commitment, Redistribution, Stake
from seawall.ledger.deployment import Deployment


class BackstopRecord(Struct, frozen=True):
    """One market's; `backstop` and `redistribution` are without their mappings."""

    market: int
    backstop: Backstop
    gain_sums: tuple[tuple[int, int], ...]
    commitments: tuple[tuple[bytes, Commitment], ...]
    redistribution: Redistribution
    stakes: tuple[tuple[bytes, Stake], ...]


def backstop_records(deployment: Deployment) -> tuple[BackstopRecord, ...]:
    """Return the record of every market behind which something stands or ever stood."""
    pairs = zip(deployment.backstops, deployment.redistributions, strict=True)
    return tuple(
        BackstopRecord(
            market,
            replace(backstop, gain_sums={}, commitments={}),
            tuple(sorted(backstop.gain_sums.items())),
            tuple(sorted(backstop.commitments.items())),
            replace(redistribution, stakes={}),
            tuple(sorted(redistribution.stakes.items())),
        )
        for market, (backstop, redistribution) in enumerate(pairs)
        if backstop != Backstop() or redistribution != Redistribution()
    )


def restore_backstops(deployment: Deployment, records: tuple[BackstopRecord, ...]) -> None:
    """Put back what `backstop_records` was given."""
    for record in records:
        deployment.backstops[record.market] = replace(
            record.backstop, gain_sums=dict(record.gain_sums), commitments=dict(record.commitments)
        )
        deployment.redistributions[record.market] = replace(record.redistribution, stakes=dict(record.stakes))
