import pytest

from seawall.adapters.nearest_name import nearest_names


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("eth", ["ETH", "BTC"], "nearest: ETH"),
        ("USDE", ["USDEUSDT", "BTCUSDT"], "nearest: USDEUSDT"),
        ("ETHUSDC", ["BTCUSDT", "ETHUSDT", "MKRUSDT"], "nearest: ETHUSDT"),
        ("XYZ", ["BTC", "ETH"], "known: BTC, ETH"),
        ("XYZ", list("ABCDEFG"), "known: A, B, C, D, E and 2 more"),
        ("", ["ETH"], "known: ETH"),
        ("ETH", [], "there are none"),
    ],
)
def test_the_likeliest_names_come_first(name: str, known: list[str], expected: str) -> None:
    assert nearest_names(name, known) == expected
