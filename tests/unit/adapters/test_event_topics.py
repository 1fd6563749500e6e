"""The topics and selectors that adapters carry are the Keccak-256 of their signatures; a small Keccak checks them."""

import pytest

from seawall.adapters.chainlink_rounds import ANSWER_UPDATED, DECIMALS, PHASE_AGGREGATORS, PHASE_ID
from seawall.adapters.liquidation_logs import PROTOCOL_LOGS

LANE = 2**64 - 1
RATE = 136


def rotated(lane: int, by: int) -> int:
    return (lane << by % 64 | lane >> (64 - by % 64)) & LANE


def permuted(lanes: list[list[int]]) -> list[list[int]]:
    """Keccak-f[1600] on lanes[x][y]; the round constants come from the degree-8 shift register."""
    register = 1
    for _ in range(24):
        parity = [lanes[x][0] ^ lanes[x][1] ^ lanes[x][2] ^ lanes[x][3] ^ lanes[x][4] for x in range(5)]
        lanes = [
            [lane ^ parity[(x - 1) % 5] ^ rotated(parity[(x + 1) % 5], 1) for lane in lanes[x]] for x in range(5)
        ]  # fmt: skip
        x, y, current = 1, 0, lanes[1][0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, lanes[x][y] = lanes[x][y], rotated(current, (step + 1) * (step + 2) // 2)
        for y in range(5):
            row = [lanes[x][y] for x in range(5)]
            for x in range(5):
                lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5] & LANE)
        for bit in range(7):
            register = (register << 1 ^ (register >> 7) * 0x171) % 256
            if register & 2:
                lanes[0][0] ^= 1 << (2**bit - 1)
    return lanes


def keccak_256(message: bytes) -> str:
    padded = bytearray(message + b"\x01" + b"\0" * (-len(message) - 1 % RATE))
    padded += b"\0" * (-len(padded) % RATE)
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), RATE):
        for nth in range(RATE // 8):
            word = padded[start + 8 * nth : start + 8 * nth + 8]
            lanes[nth % 5][nth // 5] ^= int.from_bytes(word, "little")
        lanes = permuted(lanes)
    return "0x" + b"".join(lanes[nth % 5][nth // 5].to_bytes(8, "little") for nth in range(4)).hex()


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        ("", "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        ("abc", "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        ("Transfer(address,address,uint256)", "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"),
    ],
)
def test_the_small_keccak_gives_the_known_digests(message: str, digest: str) -> None:
    assert keccak_256(message.encode()) == digest


def test_the_small_keccak_joins_blocks() -> None:
    digests = {keccak_256(b"a" * length) for length in (RATE - 1, RATE, RATE + 1)}
    assert len(digests) == 3


@pytest.mark.parametrize(
    ("signature", "topic"),
    [
        ("AnswerUpdated(int256,uint256,uint256)", ANSWER_UPDATED),
        ("LiquidationCall(address,address,address,uint256,uint256,address,bool)", PROTOCOL_LOGS["aave_v3"].topic),
        ("LiquidateBorrow(address,address,uint256,address,uint256)", PROTOCOL_LOGS["compound_v2"].topic),
        (
            "Liquidate(bytes32,address,address,uint256,uint256,uint256,uint256,uint256)",
            PROTOCOL_LOGS["morpho_blue"].topic,
        ),
    ],
)
def test_a_topic_is_the_digest_of_its_event(signature: str, topic: str) -> None:
    assert topic == keccak_256(signature.encode())


@pytest.mark.parametrize(
    ("signature", "selector"),
    [("decimals()", DECIMALS), ("phaseId()", PHASE_ID), ("phaseAggregators(uint16)", PHASE_AGGREGATORS)],
)
def test_a_selector_is_the_first_four_bytes_of_the_digest_of_its_function(signature: str, selector: str) -> None:
    assert selector == keccak_256(signature.encode())[:10]
