"""`python -m seawall.app`, the command line where no script is installed."""

from seawall.app.command_line import main

main()
