"""`seawall resume`: goes on with a replay that was interrupted."""

from seawall.app.commands.options import Folder, Json

EXAMPLE = "seawall resume out/black_thursday"


def command(folder: Folder, json: Json = False) -> None:
    """Go on with a replay that was interrupted, with the inputs that it began with."""
    from seawall.app.commands.replay_result import show, watched
    from seawall.app.replay_run import go_on

    show(watched(folder, lambda watch: go_on(folder, watch=watch)), folder, json=json)
