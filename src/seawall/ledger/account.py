"""An account's identity: canonical bytes of one width for a whole deployment.

A hexadecimal address of 20 bytes is kept as those bytes. Any other name is its UTF-8 text, padded with
zeros to the width. Where positions are held market by market, two bytes that number the market follow.
"""

from typing import Final

ADDRESS_WIDTH: Final = 20
NAME_WIDTH: Final = 32
MARKET_WIDTH: Final = 2


def address_of(text: str) -> bytes | None:
    """Return the 20 bytes of `0x` + 40 hexadecimal digits, or None for any other text."""
    if len(text) != 2 + 2 * ADDRESS_WIDTH or text[:2] != "0x":
        return None
    try:
        return bytes.fromhex(text[2:])
    except ValueError:
        return None


def encode_account(text: str, width: int, market: int | None = None) -> bytes:
    """Return the canonical bytes of `text`: `width` bytes, and two more where `market` is given.

    Raises ValueError where the text does not fit the width.
    """
    address = address_of(text) if width == ADDRESS_WIDTH else None
    name = address if address is not None else text.encode()
    if len(name) > width or (width == ADDRESS_WIDTH and address is None):
        raise ValueError(f"account {text!r} does not fit {width} bytes")
    padded = name.ljust(width, b"\0")
    return padded if market is None else padded + market.to_bytes(MARKET_WIDTH, "big")


def account_market(account: bytes) -> int:
    """Return the market that an account's bytes carry, where positions are held market by market."""
    return int.from_bytes(account[-MARKET_WIDTH:], "big")


def decode_account(account: bytes) -> str:
    """Return the text that `encode_account` was given; a market follows a colon."""
    width = len(account) if len(account) in (ADDRESS_WIDTH, NAME_WIDTH) else len(account) - MARKET_WIDTH
    name = account[:width]
    text = "0x" + name.hex() if width == ADDRESS_WIDTH else name.rstrip(b"\0").decode()
    if width == len(account):
        return text
    return f"{text}:{account_market(account)}"
