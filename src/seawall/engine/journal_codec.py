"""The journal's bytes: what an entry says, and the chain that ties it to everything before it.

An entry is an event and the orders that it caused, each as canonical JSON: fields in the order of their class,
defaults left out, mappings sorted, no spaces, binary columns in base64, integers of any size as digits. So equal records
have equal bytes.

    chain(0) = SHA-256(header)
    chain(n) = SHA-256(chain(n - 1) + length(event) + length(orders) + event + orders)

Lengths are 8 bytes, big-endian. A snapshot's hash covers the chain at its sequence, so that it belongs to one
history. There is one schema; a journal of another is refused by name.
"""

from hashlib import sha256
from struct import Struct
from typing import Final

import msgspec
from msgspec.structs import replace

from seawall import __version__
from seawall.errors import ConfigError, JournalCorrupt
from seawall.ledger.event import SCHEMA, DeploymentOpened, Event
from seawall.ledger.order import Order

NO_ORDERS: Final = b"[]"

_ENCODER: Final = msgspec.json.Encoder()
_LENGTHS: Final = Struct(">QQ")


class JournalHeader(msgspec.Struct, frozen=True):
    """What a journal says before its first entry; `inputs` is JSON text with the digests of all that was read."""

    inputs: str
    version: str = __version__
    schema: int = SCHEMA


class Record(msgspec.Struct, frozen=True):
    """One entry, read back."""

    sequence: int
    event: Event
    orders: tuple[Order, ...]
    chain: bytes


class Snapshot(msgspec.Struct, frozen=True):
    """The engine's state after `sequence`; `data` is its bytes as the caller made them."""

    sequence: int
    state_hash: bytes
    data: bytes


_EVENT_DECODER: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(Event)
_ORDERS_DECODER: Final = msgspec.json.Decoder(tuple[Order, ...])
_HEADER_DECODER: Final = msgspec.json.Decoder(JournalHeader)


def encode_event(event: Event) -> bytes:
    """Return the canonical bytes of an event."""
    if isinstance(event, DeploymentOpened):
        event = _with_sorted_categories(event)
    return _ENCODER.encode(event)


def _with_sorted_categories(event: DeploymentOpened) -> DeploymentOpened:
    """Return an equal event; categories are the only mapping in any event, and a mapping keeps its order of making."""
    markets = (replace(market, categories=dict(sorted(market.categories.items()))) for market in event.markets)
    return replace(event, markets=tuple(markets))


def encode_orders(orders: tuple[Order, ...]) -> bytes:
    """Return the canonical bytes of the orders that one event caused."""
    return _ENCODER.encode(orders) if orders else NO_ORDERS


def encode_header(header: JournalHeader) -> bytes:
    """Return the canonical bytes of a header."""
    return _ENCODER.encode(header)


def decode_event(body: bytes, sequence: int) -> Event:
    """Return the event that `encode_event` was given; raises JournalCorrupt with the sequence."""
    try:
        return _EVENT_DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise JournalCorrupt(f"event of sequence {sequence} cannot be read: {error}") from error


def decode_orders(body: bytes, sequence: int) -> tuple[Order, ...]:
    """Return the orders that `encode_orders` was given; raises JournalCorrupt with the sequence."""
    try:
        return _ORDERS_DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise JournalCorrupt(f"orders of sequence {sequence} cannot be read: {error}") from error


def decode_header(body: bytes, chain: bytes) -> JournalHeader:
    """Return the header whose hash is `chain`; raises JournalCorrupt, and ConfigError for another schema."""
    if header_hash(body) != chain:
        raise JournalCorrupt("the header is not the one that was written: its hash differs")
    try:
        header = _HEADER_DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise JournalCorrupt(f"the header cannot be read: {error}") from error
    if header.schema != SCHEMA:
        raise ConfigError(f"journal has schema {header.schema}, this version reads {SCHEMA}")
    return header


def header_hash(body: bytes) -> bytes:
    """Return where the chain starts: the hash of the header's bytes."""
    return sha256(body).digest()


def chain_hash(previous: bytes, event_body: bytes, orders_body: bytes) -> bytes:
    """Return the chain's next hash."""
    lengths = _LENGTHS.pack(len(event_body), len(orders_body))
    return sha256(previous + lengths + event_body + orders_body).digest()


def snapshot_hash(chain: bytes, state_hash: bytes, packed: bytes) -> bytes:
    """Return the hash of a snapshot, taken where the chain stood at `chain`, with its data as it is stored."""
    return sha256(chain + _LENGTHS.pack(len(state_hash), len(packed)) + state_hash + packed).digest()


def first_difference(standing: bytes, given: bytes, width: int = 48) -> str:
    """Return both texts from shortly before the first byte in which they differ, cut to `width` bytes each."""
    pairs = enumerate(zip(standing, given, strict=False))
    at = next((at for at, (left, right) in pairs if left != right), min(len(standing), len(given)))
    start = max(0, at - 16)
    old, new = (text[start : start + width].decode(errors="replace") for text in (standing, given))
    return f"from byte {start}, {old!r} stands in the journal and {new!r} came"
