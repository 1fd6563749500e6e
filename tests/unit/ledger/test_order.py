from seawall.ledger.integer_column import column_of
from seawall.ledger.order import HaltMarket, Liquidate, LiquidateMany, count_of, singly


def many(count: int) -> tuple[LiquidateMany, list[Liquidate]]:
    """Return offers as columns and one by one."""
    numbers = [[3**nth + kind << 7 * kind for nth in range(count)] for kind in range(9)]
    accounts = [bytes([nth]) * 20 for nth in range(count)]
    each = [
        Liquidate(11 + nth, accounts[nth], *(column[nth] for column in numbers[:5]), 99, *(c[nth] for c in numbers[5:]))
        for nth in range(count)
    ]
    return LiquidateMany(11, 99, count, b"".join(accounts), *map(column_of, numbers)), each


def test_many_offers_are_the_offers_one_by_one() -> None:
    for count in (0, 1, 2, 90):
        columns, each = many(count)
        assert columns.singly() == each


def test_orders_come_singly_in_their_sequence() -> None:
    columns, each = many(3)
    halt = HaltMarket(0, 1, "")
    assert list(singly([halt, columns, halt])) == [halt, *each, halt]
    assert count_of([halt, columns, halt]) == 5
    assert count_of([]) == 0
