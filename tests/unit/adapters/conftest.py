"""A server on the loopback that stands for a provider: it says what a test tells it to say."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from seawall.adapters.http_fetch import Patience

Answer = tuple[int, dict[str, str], bytes]
HASTE = Patience(attempts=3, timeout_s=0.3, pause_s=0.01, pause_s_max=0.02)


class Loopback:
    """A server whose answers come from `respond(path, body)`; requests are kept in order."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, bytes]] = []
        self.respond: Callable[[str, bytes], Answer] = lambda _path, _body: (404, {}, b"")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.requests.append((self.path, body))
                status, headers, content = outer.respond(self.path, body)
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(content))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self) -> None:
                self.answer()

            def do_POST(self) -> None:
                self.answer()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Node:
    """An EVM node of 1,000 blocks, 12 seconds apart from time 1,000,000, over a loopback server."""

    def __init__(self, server: Loopback) -> None:
        self.server = server
        self.url = server.url + "/v3/secret-key"
        self.logs: list[dict[str, Any]] = []
        self.calls: dict[tuple[str, str], str] = {}
        self.blocks_max = 1_000
        self.ranges: list[tuple[int, int]] = []
        server.respond = self._respond

    def time_of(self, block: int) -> int:
        return 1_000_000 + 12 * block

    def add_log(
        self, contract: str, topics: list[str], words: list[int | str], block: int, index: int = 0, **more: Any
    ) -> None:
        data = "".join(f"{word % 2**256:064x}" if isinstance(word, int) else word[2:].rjust(64, "0") for word in words)
        padded = [
            topic if isinstance(topic, str) and len(topic) == 66 else "0x" + topic[2:].rjust(64, "0")
            for topic in topics
        ]
        self.logs.append(
            {
                "address": contract, "topics": padded, "data": "0x" + data, "blockNumber": hex(block),
                "logIndex": hex(index), "transactionHash": "0x" + "ee" * 32, **more,
            }
        )  # fmt: skip

    def _respond(self, _path: str, body: bytes) -> Answer:
        request = json.loads(body)
        answer = self._answer(request["method"], request["params"])
        return 200, {}, json.dumps({"jsonrpc": "2.0", "id": request["id"], **answer}).encode()

    def _answer(self, method: str, params: list[Any]) -> dict[str, Any]:
        if method == "eth_blockNumber":
            return {"result": hex(999)}
        if method == "eth_getBlockByNumber":
            block = int(params[0], 16)
            return {"result": {"number": params[0], "timestamp": hex(self.time_of(block))} if block < 1_000 else None}
        if method == "eth_call":
            result = self.calls.get((params[0]["to"], params[0]["data"]))
            return {"error": {"code": 3, "message": "execution reverted"}} if result is None else {"result": result}
        first, last = int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16)
        self.ranges.append((first, last))
        if last - first + 1 > self.blocks_max:
            return {"error": {"code": -32005, "message": f"block range is larger than {self.blocks_max}"}}
        wanted = [log for log in self.logs if first <= int(log["blockNumber"], 16) <= last]
        return {"result": [log for log in wanted if log["address"] in params[0]["address"]]}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    loopback = Loopback()
    yield loopback
    loopback.close()


@pytest.fixture
def node(server: Loopback) -> Node:
    return Node(server)


@pytest.fixture
def haste() -> Patience:
    """Patience for tests: three attempts, no long pauses."""
    return HASTE
