"""`seawall protocols`: the versions, their parameters, and how far each is proven."""

from typing import Annotated

import typer

from seawall.app.commands.options import Json, print_json, print_table

EXAMPLE = "seawall protocols aave_v3@3.6"


def command(
    protocol: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME@VERSION|FILE", help="Show the parameters of one, or of a .toml file.", show_default=False
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List the protocol versions, their parameters, and how far each is proven; a .toml file is one that you composed."""
    from seawall.app.protocol_file import chosen_protocol
    from seawall.app.protocol_text import protocol_parameters
    from seawall.protocols.catalogue import all_protocols

    found = all_protocols() if protocol is None else (chosen_protocol(protocol),)
    rows = [
        (each.label, each.proof.value, "per market" if each.accounts_are_per_market else "across markets")
        for each in found
    ]
    if json:
        listed = [
            {"protocol": label, "proof": proof, "accounts": accounts, "parameters": protocol_parameters(each)}
            for each, (label, proof, accounts) in zip(found, rows, strict=True)
        ]
        print_json(listed)
        return
    print_table("", ["Protocol", "Proven by", "An account's positions"], [list(row) for row in rows], left=3)
    if protocol is not None:
        parameters = protocol_parameters(found[0])
        named = [[name.replace("_", " "), value] for name, value in parameters.items()]
        print_table("", ["Parameter", "Value"], named or [["none", "everything is the market's"]], left=2)
