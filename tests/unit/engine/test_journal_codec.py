"""The journal's bytes: canonical, typed when read back, and tied into a chain."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.engine.journal_codec import (
    JournalHeader,
    chain_hash,
    decode_event,
    decode_header,
    decode_orders,
    encode_event,
    encode_header,
    encode_orders,
    first_difference,
    header_hash,
    snapshot_hash,
)
from seawall.errors import ConfigError, JournalCorrupt
from seawall.ledger.asset import Asset
from seawall.ledger.deployment import Buffer, OracleRule, Policy
from seawall.ledger.event import (
    BlockObserved,
    CategoryChanged,
    DeploymentOpened,
    Event,
    Fill,
    FillsReported,
    OperatorDecided,
    OracleRound,
    PositionsChanged,
    PriceObserved,
    RiskParametersChanged,
)
from seawall.ledger.market import Market, MarketState, RiskParameters
from seawall.ledger.order import AbsorbLoss, CancelOrder, HaltMarket, LiftWarning, Order, Payment, WarnAccount
from seawall.ledger.refusal import Refusal

WAD = 10**18
PARAMETERS = RiskParameters(8 * 10**17, 85 * 10**16, 5 * 10**16)
MARKET = Market("ETH", 0, 0, PARAMETERS, categories={2: PARAMETERS, 1: PARAMETERS, 10: PARAMETERS})

EVENTS: list[Event] = [
    DeploymentOpened(
        at=0,
        protocol="seawall@1",
        account_width=20,
        assets=(Asset("ETH", 18),),
        markets=(MARKET,),
        market_states=(MarketState(debt_index=2 * 10**27),),
        oracle_rules=(OracleRule(price_age_ms_max=3_600_000),),
        policy=Policy(buffers=(Buffer("insurance_fund", ((0, 10**30),)),)),
        description="naïve “book”",
    ),
    PositionsChanged(at=1, accounts=bytes(range(20)), slots=b"\0\1", deltas=b"\xff" * 16),
    CategoryChanged(at=2, account=b"\0" * 20, category=3),
    PriceObserved(at=3, rounds=(OracleRound(0, 10**40, 2), OracleRound(1, 1, 2, source=4))),
    BlockObserved(at=4, number=7, rounds=(OracleRound(0, 3 * WAD, 3),)),
    FillsReported(at=5, fills=(Fill(1, 2, b"\xfe" * 20, 3, 0, 1, 2**255),)),
    RiskParametersChanged(at=6, market=0, parameters=PARAMETERS, category=1),
    OperatorDecided(at=7, operator="ab", market=0, level=0, signature="cd"),
]
ORDERS: tuple[Order, ...] = (
    CancelOrder(order_id=1, account=b"\x01" * 20, reason=Refusal.HEALTHY, below_since=0),
    AbsorbLoss(b"\x01" * 20, 0, 10**20, 10**38, (Payment("insurance_fund", 1), Payment("lenders", 10**20 - 1))),
    WarnAccount(b"\x01" * 20, 0, 11 * 10**17),
    LiftWarning(b"\x01" * 20, Refusal.NO_DEBT, 7),
    HaltMarket(market=0, level=1, reason="loss"),
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_comes_back_equal_and_of_its_class(event: Event) -> None:
    body = encode_event(event)
    assert decode_event(body, 1) == event
    assert type(decode_event(body, 1)) is type(event)
    assert encode_event(decode_event(body, 1)) == body


def test_orders_come_back_equal_in_their_order() -> None:
    assert decode_orders(encode_orders(ORDERS), 1) == ORDERS
    assert encode_orders(()) == b"[]"
    assert decode_orders(b"[]", 1) == ()


def test_bytes_are_compact_json_with_the_class_name_as_tag() -> None:
    event = PriceObserved(at=3, rounds=(OracleRound(asset=0, price=10**40, observed_at=2),))
    assert encode_event(event) == (
        b'{"type":"PriceObserved","at":3,"rounds":[{"asset":0,"price":1' + b"0" * 40 + b',"observed_at":2}]}'
    )


def test_columns_of_bytes_are_base64() -> None:
    event = PositionsChanged(at=1, accounts=b"\0" * 3, slots=b"\xff\xff", deltas=b"")
    assert encode_event(event) == b'{"type":"PositionsChanged","at":1,"accounts":"AAAA","slots":"//8=","deltas":""}'


def test_order_of_insertion_leaves_no_trace_in_the_bytes() -> None:
    parameters = {2: PARAMETERS, 1: PARAMETERS}
    turned = {1: PARAMETERS, 2: PARAMETERS}
    events = [
        DeploymentOpened(
            at=0,
            protocol="seawall@1",
            account_width=20,
            assets=(),
            markets=(Market("ETH", 0, 0, PARAMETERS, categories=categories),),
            market_states=(),
            oracle_rules=(),
            policy=Policy(),
        )
        for categories in (parameters, turned)
    ]
    assert encode_event(events[0]) == encode_event(events[1])


@given(st.integers(0, 2**62), st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 2**256)), max_size=3))
@settings(max_examples=60)
def test_integers_of_any_size_come_back_exact(at: int, rounds: list[tuple[int, int]]) -> None:
    event = PriceObserved(at=at, rounds=tuple(OracleRound(asset, price, at) for asset, price in rounds))
    assert decode_event(encode_event(event), 1) == event


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "truncated"),
        (b'{"type":"PriceGuessed","at":1}', "PriceGuessed"),
        (b'{"type":"PriceObserved","at":1}', "rounds"),
        (b'{"at":1,"rounds":[]}', "type"),
        (b'{"type":"BlockObserved","at":1.5,"number":1}', "float"),
        (b'{"type":"BlockObserved","at":1,"number":"1"}', "str"),
        (b'{"type":"CategoryChanged","at":1,"account":"!","category":1}', "base64"),
        (b'{"type":"OperatorDecided","at":1,"operator":"\xff","market":1}', "utf-8"),
        (b'{"type":"BlockObserved","at":1,"number":1}]', "trailing"),
    ],
)
def test_bytes_that_are_no_event_name_the_sequence_and_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(JournalCorrupt, match="event of sequence 41 ") as raised:
        decode_event(body, 41)
    assert reason in str(raised.value)


@pytest.mark.parametrize("body", [b"", b"{}", b'[{"type":"GiveUp"}]', b'[{"type":"ResumeMarket"}]'])
def test_bytes_that_are_no_orders_name_the_sequence(body: bytes) -> None:
    with pytest.raises(JournalCorrupt, match="orders of sequence 41 "):
        decode_orders(body, 41)


def test_the_header_comes_back_under_its_own_hash() -> None:
    header = JournalHeader(inputs='{"prices":"ab12"}')
    body = encode_header(header)
    assert decode_header(body, hashlib.sha256(body).digest()) == header
    with pytest.raises(JournalCorrupt, match="header"):
        decode_header(body.replace(b"ab12", b"ab13"), header_hash(body))


@pytest.mark.parametrize("schema", [1, 3])
def test_another_schema_is_refused_by_name(schema: int) -> None:
    body = encode_header(JournalHeader(inputs="", schema=schema))
    with pytest.raises(ConfigError, match=rf"^journal has schema {schema}, this version reads 2$"):
        decode_header(body, header_hash(body))


def test_the_chain_is_the_hash_of_what_stood_before_with_lengths_and_bodies() -> None:
    previous, event, orders = b"\x11" * 32, b'{"a":1}', b"[]"
    by_hand = hashlib.sha256(previous + (7).to_bytes(8, "big") + (2).to_bytes(8, "big") + event + orders)
    assert chain_hash(previous, event, orders) == by_hand.digest()


def test_moving_a_byte_from_the_event_to_the_orders_changes_the_chain() -> None:
    assert chain_hash(b"", b"ab", b"c") != chain_hash(b"", b"a", b"bc")
    assert snapshot_hash(b"", b"ab", b"c") != snapshot_hash(b"", b"a", b"bc")


def test_a_snapshot_belongs_to_one_history() -> None:
    assert snapshot_hash(b"\0" * 32, b"hash", b"data") != snapshot_hash(b"\1" * 32, b"hash", b"data")


@pytest.mark.parametrize(
    ("standing", "given_", "at"),
    [(b"abc", b"abd", 2), (b"abc", b"ab", 2), (b"", b"x", 0), (b"a" * 500 + b"b", b"a" * 500 + b"c", 500)],
)
def test_a_difference_is_shown_from_shortly_before_it(standing: bytes, given_: bytes, at: int) -> None:
    text = first_difference(standing, given_)
    assert text.startswith(f"from byte {max(0, at - 16)}, ")
    assert len(text) < 200
