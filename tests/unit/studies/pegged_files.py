"""Six minutes of a venue that falls to 0.65 while a pool stands near one, in the form of the recorded files."""

from pathlib import Path

START = 1_760_112_000
"""10 October 2025, 16:00."""

BARS = (
    (1, 1, 1, 1),
    (1, 1, 0.9, 0.96),
    (0.96, 0.97, 0.65, 0.7),
    (0.7, 0.98, 0.7, 0.97),
    (0.97, 1, 0.97, 1),
    (1, 1, 1, 1),
)
VENUE = "symbol,ts,open,high,low,close,volume\n" + "".join(
    f"USDEUSDT,{START + 60 * nth},{','.join(map(str, bar))},5\n" for nth, bar in enumerate(BARS)
)
POOL = "blockNumber,ts,token0Price\n" + "".join(
    f"{nth},{START + 60 + 12 * nth},{1.25 if nth == 9 else 1.0}\n" for nth in range(20)
)


def write_files(folder: Path, **changed: str) -> Path:
    """Write the files into a folder of recorded data, some of them with another content, and return it."""
    named = {
        "2025-10_usde_binance_spot_1m.csv.gz": changed.get("venue", VENUE),
        "2025-10-10_usde_usdt_uniswap_v3_per_block.csv.gz": changed.get("pool", POOL),
    }
    (folder / "prices").mkdir(parents=True, exist_ok=True)
    for name, content in named.items():
        (folder / "prices" / name).write_text(content)
    return folder
