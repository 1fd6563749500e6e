"""The files that a replay leaves in its folder, by name.

outcome.json          what happened; the same bytes for the same inputs
timings.json          how long it took
liquidations.parquet  one row a settled fill
timeline.parquet      one row a tick
health.parquet        one row an account with debt, before, at the worst moment and after
journal.sqlite        every event and every order
report.html           the page, made from the others
"""

from typing import Final

OUTCOME: Final = "outcome.json"
TIMINGS: Final = "timings.json"
LIQUIDATIONS: Final = "liquidations.parquet"
TIMELINE: Final = "timeline.parquet"
HEALTH: Final = "health.parquet"
JOURNAL: Final = "journal.sqlite"
REPORT: Final = "report.html"
