"""The arguments of a benchmark that takes whole numbers: `1_000_000`, `1e6`."""

import argparse


def whole_number(text: str) -> int:
    """Return the number that is meant; argparse says so where none is."""
    number = float(text.replace(",", ""))
    if number < 1 or number != int(number):
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above zero")
    return int(number)


def whole_numbers(description: str | None, **defaults: int) -> list[int]:
    """Return the numbers on the command line, in this order, each with its default."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in defaults.items():
        parser.add_argument(name, type=whole_number, nargs="?", default=default, help=f"{default:,} if left out")
    return list(vars(parser.parse_args()).values())
