"""`seawall scenarios`: the bundled scenarios, one line each."""

from seawall.app.commands.options import Json, print_json, print_table

EXAMPLE = "seawall scenarios --json"


def command(json: Json = False) -> None:
    """List the bundled scenarios, one line each."""
    from seawall.app.scenario import bundled_scenarios

    found = [(scenario.name, scenario.title) for scenario in bundled_scenarios()]
    if json:
        print_json([{"name": name, "title": title} for name, title in found])
    else:
        print_table("", ["Scenario", "What it is"], [list(row) for row in found], left=2)
