"""One HTTP request with bounded patience: what comes back has the shape that was asked for, or an error says why not.

An attempt fails by silence, a broken connection, a status that means "later", or bytes of another shape; attempts,
their time, the pauses between them and the size of an answer are bounded. Messages name only a URL's scheme and host,
because paths and queries of providers carry keys.
Liveness rests on the provider answering in the end. Nothing is taken from an answer that does not decode.
"""

import time
from dataclasses import dataclass
from http.client import HTTPException
from typing import Final, TypeVar
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import msgspec

from seawall.errors import ConfigError, ProviderUnavailable

T = TypeVar("T")
ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
_CHUNK: Final = 1 << 16
_LATER: Final = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to try, how long an attempt may take, and the first pause, which doubles up to `pause_s_max`."""

    attempts: int = 5
    timeout_s: float = 20.0
    pause_s: float = 0.5
    pause_s_max: float = 30.0


USUAL_PATIENCE: Final = Patience()


class RequestRefused(ProviderUnavailable):
    """The provider answered with a status that is no success; `body` is what it said."""

    def __init__(self, message: str, status: int, body: bytes) -> None:
        super().__init__(message)
        self.status = status
        self.body = body


def public_name(url: str) -> str:
    """Return the part of a URL that holds no key: scheme, host and port."""
    parts = urlsplit(url)
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise ConfigError("the port of the URL is not a number") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"a URL starts with http:// or https:// and a host, not {parts.scheme or url[:20]!r}")
    return f"{parts.scheme}://{parts.hostname}{port}"


def fetch_json(url: str, shape: type[T], patience: Patience, body: bytes | None = None) -> T:
    """Return the decoded answer to GET, or to POST where there is a body.

    Raises RequestRefused for a status that stays, ProviderUnavailable for everything else that stays.
    """
    name = public_name(url)
    last: ProviderUnavailable | None = None
    pause_s = patience.pause_s
    for attempt in range(1, patience.attempts + 1):
        try:
            return msgspec.json.decode(_exchange(url, body, patience.timeout_s), type=shape)
        except HTTPError as error:
            last, wait_s = _refusal(name, error, attempt)
            if error.code not in _LATER:
                raise last from error
            pause_s = max(pause_s, wait_s)
        except msgspec.MsgspecError as error:
            last = ProviderUnavailable(
                f"{name} answered with something else than was asked for: {error}{_after(attempt)}"
            )
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            last = ProviderUnavailable(f"{name} did not answer: {reason or type(error).__name__}{_after(attempt)}")
        if attempt < patience.attempts:
            time.sleep(min(pause_s, patience.pause_s_max))
            pause_s *= 2
    assert last is not None, "patience has at least one attempt"
    raise last


def _exchange(url: str, body: bytes | None, timeout_s: float) -> bytes:
    """Send one request and read the whole answer within about twice `timeout_s`, or raise."""
    headers = {"Accept": "application/json", "User-Agent": "seawall"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    request = Request(url, data=body, headers=headers)  # noqa: S310 - `public_name` has let only http and https pass
    deadline = time.monotonic() + timeout_s
    with urlopen(request, timeout=timeout_s) as answer:  # noqa: S310 - as above
        content = bytearray()
        while chunk := answer.read1(_CHUNK):
            content += chunk
            if len(content) > ANSWER_BYTES_MAX:
                raise HTTPException(f"the answer is longer than {ANSWER_BYTES_MAX} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError(f"the answer took more than {timeout_s} s")
        if answer.length:
            raise HTTPException(f"the answer ended {answer.length} bytes early")
    return bytes(content)


def _refusal(name: str, error: HTTPError, attempt: int) -> tuple[RequestRefused, float]:
    """Return what the provider said and the seconds it asks us to wait."""
    with error:
        try:
            body = error.read(_CHUNK)
        except (OSError, HTTPException):
            body = b""
    wait = error.headers.get("Retry-After", "")
    what = f"{name} answered with status {error.code}{_after(attempt)}"
    return RequestRefused(what, error.code, body), float(wait) if wait.isdecimal() else 0.0


def _after(attempt: int) -> str:
    return f", after {attempt} attempts" if attempt > 1 else ""
