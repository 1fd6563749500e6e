import time
from collections.abc import Iterator
from typing import Any

import pytest

from seawall.adapters.http_fetch import Patience, RequestRefused, fetch_json, public_name
from seawall.errors import ConfigError, ProviderUnavailable


def in_turn(server: Any, *answers: tuple[int, dict[str, str], bytes]) -> None:
    left: Iterator[tuple[int, dict[str, str], bytes]] = iter(answers)
    server.respond = lambda _path, _body: next(left)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_status_that_means_later_is_tried_again(status: int, server: Any, haste: Patience) -> None:
    in_turn(server, (status, {"Retry-After": "0"}, b""), (200, {}, b"[1, 2]"))
    assert fetch_json(server.url, list[int], haste) == [1, 2]
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((429, {}, b""), "answered with status 429, after 3 attempts"),
        ((200, {}, b"<html>busy</html>"), "answered with something else than was asked for: JSON is malformed"),
        ((200, {}, b'{"an": "object"}'), "answered with something else than was asked for: Expected `array`"),
        ((200, {"Content-Length": "100"}, b"[1,"), "did not answer: "),
        ((200, {"Content-Length": "9"}, b""), "did not answer: "),
    ],
)
def test_what_stays_is_named_after_a_bounded_number_of_attempts(
    answer: tuple[int, dict[str, str], bytes], message: str, server: Any, haste: Patience
) -> None:
    server.respond = lambda _path, _body: answer
    with pytest.raises(ProviderUnavailable, match=message) as caught:
        fetch_json(server.url, list[int], haste)
    assert str(caught.value).startswith(server.url)
    assert "after 3 attempts" in str(caught.value)
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 418])
def test_a_status_that_will_not_change_is_not_tried_again(status: int, server: Any, haste: Patience) -> None:
    server.respond = lambda _path, _body: (status, {}, b"no")
    with pytest.raises(RequestRefused, match=f"answered with status {status}$") as caught:
        fetch_json(server.url, list[int], haste)
    assert (caught.value.status, caught.value.body, len(server.requests)) == (status, b"no", 1)


def test_silence_is_bounded_in_time(server: Any, haste: Patience) -> None:
    def sleep(_path: str, _body: bytes) -> tuple[int, dict[str, str], bytes]:
        time.sleep(0.6)
        return 200, {}, b"[]"

    server.respond = sleep
    start = time.monotonic()
    with pytest.raises(ProviderUnavailable, match="did not answer: timed out, after 3 attempts"):
        fetch_json(server.url, list[int], haste)
    assert time.monotonic() - start < 3


def test_a_long_wait_that_the_server_asks_for_is_cut_to_the_longest_pause(server: Any, haste: Patience) -> None:
    in_turn(server, (429, {"Retry-After": "3600"}, b""), (200, {}, b"[]"))
    start = time.monotonic()
    assert fetch_json(server.url, list[int], haste) == []
    assert time.monotonic() - start < 1


def test_nobody_listening_is_named(server: Any, haste: Patience) -> None:
    url = server.url
    server.close()
    with pytest.raises(ProviderUnavailable, match=rf"^{url} did not answer: .*refused, after 3 attempts"):
        fetch_json(url, list[int], haste)


def test_a_body_is_posted(server: Any, haste: Patience) -> None:
    server.respond = lambda _path, body: (200, {}, body)
    assert fetch_json(server.url + "/there", list[int], haste, b"[7]") == [7]
    assert server.requests == [("/there", b"[7]")]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://node.example/v3/secret-key", "https://node.example"),
        ("https://user:secret@node.example:8545/?key=secret", "https://node.example:8545"),
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
    ],
)
def test_the_name_of_a_url_holds_no_key(url: str, name: str) -> None:
    assert public_name(url) == name


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://node.example", "node.example", "", "http://", "http://a:b"]
)
def test_other_urls_are_refused(url: str, haste: Patience) -> None:
    with pytest.raises(ConfigError):
        fetch_json(url, list[int], haste)
