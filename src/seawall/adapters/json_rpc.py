"""JSON-RPC to an EVM node: one call at a time, an answer or an error, numbers as hexadecimal text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from seawall.adapters.http_fetch import USUAL_PATIENCE, Patience, RequestRefused, fetch_json, public_name
from seawall.errors import AdapterError, ProviderUnavailable

T = TypeVar("T")


class RpcRefused(AdapterError):
    """The node understood and said no: a range too large, a call that reverts, a method it does not have."""


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Answer(msgspec.Struct):
    result: msgspec.Raw = msgspec.Raw(b"")
    error: _Error | None = None


@dataclass(frozen=True, slots=True)
class JsonRpc:
    """A node, named by its URL."""

    url: str
    patience: Patience = USUAL_PATIENCE

    @property
    def name(self) -> str:
        """The URL without what may be a key."""
        return public_name(self.url)

    def call(self, method: str, params: Sequence[object], shape: type[T]) -> T:
        """Return the result of a call in the shape asked for.

        Raises RpcRefused with the node's own words, ProviderUnavailable where there is no answer to believe.
        """
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        try:
            answer = fetch_json(self.url, _Answer, self.patience, msgspec.json.encode(request))
        except RequestRefused as refusal:
            # Many nodes put their error into the body of a refused request.
            try:
                answer = msgspec.json.decode(refusal.body, type=_Answer)
            except msgspec.MsgspecError:
                raise refusal from None
            if answer.error is None:
                raise
        if answer.error is not None:
            words = " ".join(answer.error.message.split())[:200]
            raise RpcRefused(f"{self.name} refused {method}: {words} (code {answer.error.code})")
        if not bytes(answer.result):
            raise ProviderUnavailable(f"{self.name} answered {method} with neither a result nor an error")
        try:
            return msgspec.json.decode(answer.result, type=shape)
        except msgspec.MsgspecError as error:
            raise ProviderUnavailable(f"{self.name} answered {method} with another shape: {error}") from error

    def read(self, contract: str, data: str) -> bytes:
        """Return what a contract answers to a call now; raises RpcRefused where it reverts."""
        return self.bytes_of(self.call("eth_call", [{"to": contract, "data": data}, "latest"], str))

    def number_of(self, text: str) -> int:
        """Return the number that hexadecimal text of this node stands for."""
        try:
            return int(text.removeprefix("0x"), 16)
        except ValueError as error:
            raise ProviderUnavailable(f"{self.name} answered {text[:80]!r} for a number") from error

    def bytes_of(self, text: str) -> bytes:
        """Return the bytes that hexadecimal text of this node stands for."""
        try:
            return bytes.fromhex(text.removeprefix("0x"))
        except ValueError as error:
            raise ProviderUnavailable(f"{self.name} answered {text[:80]!r} for bytes") from error
