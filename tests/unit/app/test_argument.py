import pytest

from seawall.app.argument import health_limit, moment_ms, moment_seconds, named_values
from seawall.errors import ConfigError


@pytest.mark.parametrize(
    "text",
    ["2020-03-12", "2020-03-12T00:00", "2020-03-12T00:00:00Z", "2020-03-12T01:00+01:00", "1583971200"],
)
def test_one_moment_written_in_many_ways_is_one_moment(text: str) -> None:
    assert moment_seconds(text) == 1_583_971_200
    assert moment_ms(text) == 1_583_971_200_000


@pytest.mark.parametrize("text", ["yesterday", "", "2020-13-01", "-5", "1e9"])
def test_what_is_no_moment_is_refused_by_value(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is neither ISO 8601"):
        moment_seconds(text)


def test_a_health_limit_is_exact() -> None:
    assert health_limit("1.05") == 1_050_000_000_000_000_000


@pytest.mark.parametrize("text", ["0", "-1", "NaN", "one", ""])
def test_what_is_no_health_limit_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"health factor"):
        health_limit(text)


def test_named_values_are_named_once() -> None:
    assert named_values(["ETH=0x1", "BTC=a=b"]) == {"ETH": "0x1", "BTC": "a=b"}
    with pytest.raises(ConfigError, match=r"ETH is given twice, as 0x1 and 0x2"):
        named_values(["ETH=0x1", "ETH=0x2"])
    with pytest.raises(ConfigError, match=r"is not of the form NAME=VALUE"):
        named_values(["ETH"])
