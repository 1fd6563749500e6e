"""`seawall data get`: primary public data into a folder, with hashes, in the formats that a replay reads."""

from pathlib import Path
from typing import Annotated, Any

import typer

from seawall.app.commands.options import Json, print_json

app = typer.Typer(help="Public data for replays.", no_args_is_help=True)
get = typer.Typer(help="Download primary public data into a folder, with hashes.", no_args_is_help=True)
app.add_typer(get, name="get")

Since = Annotated[str, typer.Option(metavar="TIME", help="The first moment, UTC: ISO 8601 or unix seconds.")]
Until = Annotated[str, typer.Option(metavar="TIME", help="The moment after the last, UTC.")]
Out = Annotated[Path, typer.Option(metavar="DIR", help="The folder; what stands there with its hash is not fetched again.")]  # fmt: skip
Rpc = Annotated[str, typer.Option(metavar="URL", envvar="SEAWALL_RPC_URL", help="A node's JSON-RPC address.")]
Force = Annotated[bool, typer.Option("--force", help="Fetch again what stands there.")]


@get.command(
    epilog="Example: seawall data get binance --symbol ETHUSDT --interval 5m --since 2021-05-17 --until 2021-05-22"
)
def binance(
    symbol: Annotated[
        list[str], typer.Option(metavar="SYMBOL", help="A pair, as ETHUSDT; may be given more than once.")
    ],
    since: Since,
    until: Until,
    interval: Annotated[str, typer.Option(help="A bar's length: 1m, 5m, 1h …")] = "5m",
    out: Out = Path("data"),
    base_url: Annotated[str | None, typer.Option(metavar="URL", help="Another server of the same pages.")] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Bring Binance's public spot bars."""
    from seawall.adapters.binance_klines import BASE_URL, download_klines
    from seawall.app.argument import moment_seconds

    span = moment_seconds(since), moment_seconds(until)
    url = BASE_URL if base_url is None else base_url
    _show(download_klines(out, symbol, interval, *span, progress=_say, base_url=url, force=force), out, json=json)


@get.command(
    epilog="Example: seawall data get chainlink --feed ETH=0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419 --rpc URL "
    "--since 2020-03-12 --until 2020-03-14"
)
def chainlink(
    feed: Annotated[list[str], typer.Option(metavar="SYMBOL=ADDRESS", help="A feed; may be given more than once.")],
    rpc: Rpc,
    since: Since,
    until: Until,
    out: Out = Path("data"),
    force: Force = False,
    json: Json = False,
) -> None:
    """Bring the rounds of Chainlink feeds, from their logs."""
    from seawall.adapters.chainlink_rounds import download_rounds
    from seawall.app.argument import moment_seconds, named_values

    span = moment_seconds(since), moment_seconds(until)
    _show(download_rounds(out, named_values(feed), rpc, *span, progress=_say, force=force), out, json=json)


@get.command(
    epilog="Example: seawall data get liquidations --protocol aave_v3 "
    "--contract 0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2 --rpc URL --since 2024-08-05 --until 2024-08-06"
)
def liquidations(
    protocol: Annotated[str, typer.Option(metavar="NAME", help="aave_v3, compound_v2 or morpho_blue.")],
    contract: Annotated[
        list[str], typer.Option(metavar="ADDRESS", help="A contract that logs them; may be given more than once.")
    ],
    rpc: Rpc,
    since: Since,
    until: Until,
    out: Out = Path("data"),
    force: Force = False,
    json: Json = False,
) -> None:
    """Bring liquidations, from the logs of their contracts."""
    from seawall.adapters.liquidation_logs import download_liquidations
    from seawall.app.argument import moment_seconds

    span = moment_seconds(since), moment_seconds(until)
    entry = download_liquidations(out, protocol, contract, rpc, *span, progress=_say, force=force)
    _show([entry], out, json=json)


def _say(name: str, done: int, total: int) -> None:
    typer.echo(f"{name}  {100 * done // max(1, total)} %", err=True)


def _show(entries: list[Any], out: Path, *, json: bool) -> None:
    if json:
        print_json(entries)
        return
    for entry in entries:
        typer.echo(f"{out / entry.name}  {entry.rows:,} rows  sha256 {entry.sha256}")
