import json
from typing import Any

import pytest

from seawall.adapters.http_fetch import Patience
from seawall.adapters.json_rpc import JsonRpc, RpcRefused
from seawall.errors import ProviderUnavailable


def test_a_call_returns_its_result(server: Any, haste: Patience) -> None:
    server.respond = lambda _path, _body: (200, {}, b'{"jsonrpc":"2.0","id":1,"result":"0x10"}')
    rpc = JsonRpc(server.url, haste)
    assert rpc.number_of(rpc.call("eth_blockNumber", [], str)) == 16
    assert json.loads(server.requests[0][1]) == {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}


@pytest.mark.parametrize("status", [200, 400])
def test_a_refusal_keeps_the_node_s_own_words_in_one_line(status: int, server: Any, haste: Patience) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"too many\\nresults"}}'
    server.respond = lambda _path, _body: (status, {}, body)
    with pytest.raises(RpcRefused) as caught:
        JsonRpc(server.url + "/secret", haste).call("eth_getLogs", [], str)
    assert str(caught.value) == f"{server.url} refused eth_getLogs: too many results (code -32005)"


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, b'{"jsonrpc":"2.0","id":1}', "answered eth_blockNumber with neither a result nor an error"),
        (200, b'{"jsonrpc":"2.0","id":1,"result":7}', "answered eth_blockNumber with another shape: Expected `str`"),
        (200, b"garbage", "answered with something else than was asked for"),
        (401, b"no key", "answered with status 401"),
        (401, b"{}", "answered with status 401"),
    ],
)
def test_what_is_no_answer_is_not_believed(
    status: int, body: bytes, message: str, server: Any, haste: Patience
) -> None:
    server.respond = lambda _path, _body: (status, {}, body)
    with pytest.raises(ProviderUnavailable, match=message):
        JsonRpc(server.url, haste).call("eth_blockNumber", [], str)


@pytest.mark.parametrize("text", ["0xzz", "latest", "0x"])
def test_text_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ProviderUnavailable, match="for a number"):
        JsonRpc("http://127.0.0.1:1").number_of(text)
