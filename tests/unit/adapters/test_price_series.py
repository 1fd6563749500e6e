from pathlib import Path

from seawall.adapters.price_series import Gaps, Jumps, price_series
from seawall.fixed import WAD

HERE = Path("prices.csv")


def series_of(rows: list[tuple[int, int]], usual_step_ms: int = 100) -> tuple[Gaps, Jumps]:
    series = price_series("ETH", HERE, rows, [at for at, _ in rows], usual_step_ms)
    return series.gaps, series.jumps


def test_a_silence_is_a_gap_only_past_twice_the_usual_step() -> None:
    for silence, expected in [(199, Gaps(0, 0, 0)), (200, Gaps(0, 0, 0)), (201, Gaps(1, 201, 100))]:
        assert series_of([(0, WAD), (100, WAD), (100 + silence, WAD)])[0] == expected


def test_a_move_is_a_jump_only_past_a_fifth_of_the_price_before() -> None:
    for price, expected in [(81, Jumps(0, 0, 0)), (80, Jumps(0, 0, 0)), (79, Jumps(1, 21 * WAD // 100, 100))]:
        assert series_of([(0, 100 * WAD), (100, price * WAD)])[1] == expected
    assert series_of([(0, 100 * WAD), (100, 150 * WAD)])[1] == Jumps(1, WAD // 2, 100)


def test_the_largest_of_several_is_named_and_of_equals_the_first() -> None:
    gaps, jumps = series_of([(0, WAD), (300, 2 * WAD), (700, WAD), (1100, 2 * WAD)])
    assert gaps == Gaps(3, 400, 300)
    assert jumps == Jumps(3, WAD, 300)


def test_a_single_row_has_neither() -> None:
    assert series_of([(5, WAD)], 0) == (Gaps(0, 0, 0), Jumps(0, 0, 0))
