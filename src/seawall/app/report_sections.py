"""The sections of the report as HTML, each from what the replay left. All text that comes from outside is escaped.

A section is a heading, a sentence that says what is shown, and a figure or a table.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

import msgspec

from seawall.app.number_text import (
    decimal_text,
    duration_text,
    full_value,
    percent_text,
    ratio_text,
    short_account,
    short_value,
)
from seawall.app.report_figures import Spec
from seawall.fixed import WAD, mul_div_down

Outcome = dict[str, Any]

KINDS: Final = (
    ("data", "Data", "Recorded by others and taken as it stands."),
    ("reconstructed", "Reconstructed", "Made from published figures; between them it is invented."),
    ("model", "Model", "Computed by a rule that stands for the real thing."),
    ("assumed", "Assumed", "Chosen, because nothing better is known."),
)
PROOFS: Final = {
    "bytecode": "compared with the contract's own bytecode",
    "source vectors": "compared with vectors computed from the contract's source",
    "documents": "written after the protocol's documents only",
    "own rule": "a rule of Seawall's own; there is no contract to compare with",
}


# -- pieces -----------------------------------------------------------------------------------------------


def figure(name: str, spec: Spec) -> str:
    """Return a figure with its specification beside it."""
    data = msgspec.json.encode(spec).decode().replace("<", "\\u003c")
    return f'<figure><div id="{name}"></div><script type="application/json">{data}</script></figure>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], number_columns: Sequence[int]) -> str:
    """Return a table of cells that are HTML already; the columns named are aligned to the right."""

    def line(tag: str, cells: Sequence[str]) -> str:
        return "".join(
            f'<{tag} class="number">{cell}</{tag}>' if nth in number_columns else f"<{tag}>{cell}</{tag}>"
            for nth, cell in enumerate(cells)
        )

    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{line("th", head)}</tr></thead><tbody>{body}</tbody></table></div>'


def section(heading: str, caption: str, *parts: str) -> str:
    """Return a section; `caption` is text."""
    return f'<section><h2>{heading}</h2><p class="caption">{caption}</p>{"".join(parts)}</section>'


def value_cell(value: int) -> str:
    """Return a value in short, with the full number for who points at it."""
    return f'<span title="{full_value(value)}">{short_value(value)}</span>'


def digest_cell(digest: str) -> str:
    """Return a digest in full."""
    return f'<code class="digest">{escape(digest)}</code>' if digest else "–"


def reasons_text(reasons: dict[str, int]) -> str:
    """Return reasons with their counts, most frequent first."""
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{escape(reason.replace('_', ' '))} {count:,}" for reason, count in ordered) or "–"


def plural(count: int, noun: str) -> str:
    """Return `1 account`, `2,000 accounts`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


# -- sections ---------------------------------------------------------------------------------------------


def opening(outcome: Outcome) -> str:
    """Return the title, the story in a few sentences, and the headline numbers."""
    seconds = outcome["seconds_below_line"]
    bad_debt = int(outcome["bad_debt_value"])
    kinds = {given["kind"] for given in outcome["inputs"]}
    flags = "".join(
        f'<span class="flag">{escape(given["name"])} reconstructed</span>'
        for given in outcome["inputs"]
        if given["kind"] == "reconstructed"
    )
    cells = (
        ("Accounts liquidated", f"{outcome['accounts_liquidated']:,}", f"of {outcome['accounts']:,}", False),
        ("Liquidations", f"{outcome['liquidations']:,}", f"in {outcome['blocks']:,} blocks", False),
        ("Debt repaid", short_value(int(outcome["debt_repaid_value"])), "by keepers", False),
        ("Collateral seized", short_value(int(outcome["collateral_seized_value"])), "bonus included", False),
        ("Bad debt", short_value(bad_debt), _left_over(outcome, bad_debt), bad_debt > 0),
        ("Below the line", duration_text(float(seconds["p50"])), f"median; longest {duration_text(float(seconds['max']))}", False),
    )  # fmt: skip
    headline = "".join(
        f'<div><dt>{name}</dt><dd><div class="figure-number{" bad" if is_bad else ""}">{number}</div>'
        f'<div class="small">{small}</div></dd></div>'
        for name, number, small, is_bad in cells
    )
    provenance = "a reconstructed crash" if "reconstructed" in kinds else "a recorded crash"
    return (
        f'<div class="masthead"><b>Seawall</b><span>replay of {provenance} · {escape(outcome["protocol"])}</span></div>'
        f"<h1>{escape(outcome['title'])}</h1>"
        f'<p class="lead">{_story(outcome, bad_debt)}</p>{flags}'
        f'<dl class="headline">{headline}</dl>'
    )


def _left_over(outcome: Outcome, bad_debt: int) -> str:
    if bad_debt:
        share = mul_div_down(bad_debt, WAD, bad_debt + int(outcome["debt_repaid_value"]))
        return f"{percent_text(share)} of the debt closed"
    return "not written off, see above" if _uncovered_value(outcome) >= WAD else "nothing left unpaid"


def _uncovered_value(outcome: Outcome) -> int:
    """Return the debt that collateral does not cover at the end, on accounts whose debt was not written off."""
    return int(outcome["liquidatable_at_end"]["insolvent_value"])


def _story(outcome: Outcome, bad_debt: int) -> str:
    if outcome["liquidations"]:
        sentences = [
            f"{plural(outcome['accounts_liquidated'], 'account')} of {outcome['accounts']:,} were liquidated, in "
            f"{plural(outcome['liquidations'], 'settled fill')}. Keepers repaid "
            f"{short_value(int(outcome['debt_repaid_value']))} of debt and took a bonus of "
            f"{short_value(int(outcome['liquidation_bonus_value']))}."
        ]
    else:
        sentences = [f"None of {plural(outcome['accounts'], 'account')} was liquidated."]
    if bad_debt:
        drawn, socialized = int(outcome["buffer_drawn_value"]), int(outcome["socialized_loss_value"])
        sentences.append(
            f"Collateral did not cover {short_value(bad_debt)}: buffers paid {short_value(drawn)}, "
            f"lenders bear {short_value(socialized)}."
        )
    else:
        sentences.append("No debt was written off.")
    if outcome.get("deleveraging", {}).get("count"):
        sentences.append(_winners_sentence(outcome["deleveraging"]))
    if outcome["warnings"]["count"]:
        notice = outcome["warnings"]["seconds_before_line"]
        told = (
            f"; half of those that fell below their line had {duration_text(float(notice['p50']))}"
            if notice["count"]
            else ""
        )
        sentences.append(
            f"{plural(outcome['warnings']['count'], 'warning')} came below a health factor of "
            f"{ratio_text(int(outcome['warnings']['health_factor']))}{told}."
        )
    if _uncovered_value(outcome) >= WAD:
        uncovered = short_value(_uncovered_value(outcome))
        sentences.append(f"At the end {uncovered} of debt that is still on its accounts is not covered by collateral.")
    return " ".join(sentences)


def _winners_sentence(found: dict[str, Any]) -> str:
    """Return what winners paid and how evenly."""
    return (
        f"{plural(found['accounts_closed'], 'account')} without equity were closed against winners: "
        f"{found['winners_cut']:,} of {found['winners']:,} paid {short_value(int(found['paid_value']))}, none more than "
        f"{found['worst_haircut']:.1%} of its profit (Gini of the shares {found['haircut_gini']:.3f})."
    )


def payers(outcome: Outcome) -> str:
    """Return who paid and who received, as a table with bars."""
    paid = outcome["payers"]
    backers = int(paid["backers"])
    rows = [
        ("Borrowers", "paid, beyond the debt it closed: bonus and fee", int(paid["borrowers"]), ""),
        *(
            (f"Buffer {name.replace('_', ' ')}", "paid for bad debt", int(value), "loss")
            for name, value in sorted(paid["buffers"].items())
        ),
        *(
            [("Winners", "paid for losses, by closing", int(outcome["deleveraging"]["paid_value"]), "loss")]
            if "deleveraging" in outcome
            else []
        ),
        ("Lenders", "bear the bad debt that nothing else paid", int(paid["lenders"]), "loss"),
        *([_backers_row(backers)] if backers else []),
        ("Keepers", "received as bonus, before their costs", int(paid["keepers"]), "gain"),
        ("Protocol", "received as fee", int(paid["protocol"]), "gain"),
    ]
    largest = max(abs(value) for _, _, value, _ in rows) or 1
    body = "".join(
        f'<tr><td><b>{escape(who)}</b><br><span class="caption">{what}</span></td>'
        f'<td class="number">{value_cell(abs(value))}</td><td class="wide">{_bar(abs(value), largest, colour)}</td></tr>'
        for who, what, value, colour in rows
    )
    return f'<div class="scroll"><table><tbody>{body}</tbody></table></div>'


def _backers_row(value: int) -> tuple[str, str, int, str]:
    if value > 0:
        return "Backers", "paid more debt than their collateral is worth", value, "loss"
    return "Backers", "received collateral for more than the debt that they paid", value, "gain"


def _bar(value: int, largest: int, colour: str) -> str:
    width = decimal_text(mul_div_down(value, 10_000, largest), 2)
    return f'<span class="bar {colour}" style="width:{width}%"></span>' if value else ""


def worst_accounts(outcome: Outcome) -> str:
    """Return the ten accounts that ended worst."""
    rows = [
        (
            f'<code title="{escape(each["account"])}">{escape(short_account(each["account"]))}</code>',
            value_cell(int(each["bad_debt_value"])),
            value_cell(int(each["loss_value"])),
            f"{each['liquidations']:,}",
            ratio_text(int(each["health_factor_lowest"])),
        )
        for each in outcome["worst_accounts"]
    ]
    if not rows:
        return "<p>No account lost anything.</p>"
    return table(("Account", "Bad debt", "Borrower's loss", "Liquidations", "Lowest health"), rows, (1, 2, 3, 4))


def below_the_line(outcome: Outcome) -> str:
    """Return who stood below the line at the start and at the end, and why."""
    rows = [
        (when, f"{left['count']:,}", value_cell(int(left["debt_value"])), reasons_text(left["reasons"]))
        for when, left in (
            ("At the start", outcome["liquidatable_at_start"]),
            ("At the end", outcome["liquidatable_at_end"]),
        )
    ]
    return table(("", "Accounts", "They owe", "Why they stayed"), rows, (1, 2))


def assets(outcome: Outcome) -> str:
    """Return what became of each asset's debt and collateral, in whole units; every row adds up to the last base unit."""
    sides = (
        ("Debt", "debt_amount", ("before", "accrued", "repaid", "written_off", "after")),
        ("Collateral", "collateral_amount", ("before", "accrued", "seized", "fee", "after")),
    )
    parts = []
    for heading, field, columns in sides:
        rows = [
            (escape(symbol), *(_amount_cell(int(each[field][name]), each["decimals"]) for name in columns))
            for symbol, each in outcome["assets"].items()
            if any(int(each[field][name]) for name in columns)
        ]
        head = ("Asset", *(name.replace("_", " ").capitalize() for name in columns))
        parts.append(f"<h3>{heading}</h3>" + table(head, rows, range(1, 6)))
    return "".join(parts)


def _amount_cell(amount: int, decimals: int) -> str:
    return f'<span title="{decimal_text(amount, decimals)}">{decimal_text(amount, decimals, 2)}</span>'


def provenance(outcome: Outcome) -> str:
    """Return what is data, what is reconstructed, what is a model and what is assumed."""
    parts = []
    for kind, heading, meaning in KINDS:
        items = [each for each in outcome["inputs"] if each["kind"] == kind]
        listed = "".join(f"<li><b>{escape(each['name'])}</b><br>{escape(each['detail'])}</li>" for each in items)
        parts.append(
            f'<div><h3>{heading}</h3><p class="caption">{meaning}</p><ul>{listed or "<li>Nothing.</li>"}</ul></div>'
        )
    return f'<div class="kinds">{"".join(parts)}</div>'


def inputs(outcome: Outcome) -> str:
    """Return the inputs with their digests."""
    rows = [
        (f"<b>{escape(each['name'])}</b>", escape(each["kind"]), digest_cell(each["sha256"]))
        for each in outcome["inputs"]
    ]
    return table(("Input", "Kind", "SHA-256"), rows, ())


def notes(outcome: Outcome) -> str:
    """Return the notes of the run."""
    listed = "".join(f"<li>{escape(note)}</li>" for note in outcome["notes"])
    return f'<ul class="notes">{listed}</ul>' if listed else "<p>Nothing to note.</p>"


def protocol(outcome: Outcome) -> str:
    """Return the protocol version, how far it is proven, and what was refused on the way."""
    proof: str = outcome["protocol_proof"]
    counters = "".join(
        f'<tr><td>{escape(name.replace("_", " ")).capitalize()}</td><td class="number">{_counter(count)}</td></tr>'
        for name, count in outcome["world"].items()
    )
    world = (
        f'<h3>The world around the engine</h3><div class="scroll"><table>{counters}</table></div>' if counters else ""
    )
    return (
        f"<p><b>{escape(outcome['protocol'])}</b>: {escape(PROOFS.get(proof) or proof)}.</p>"
        f"<p>Refused on the way: {reasons_text(outcome['refusals'])}.</p>{world}"
    )


def _counter(count: Any) -> str:
    return f"{count:,}" if isinstance(count, int) else escape(str(count))


def closing(outcome: Outcome) -> str:
    """Return the footer: what identifies this run to the last bit."""
    return (
        f"<footer>Seed {outcome['seed']} · {outcome['events']:,} events · {outcome['ticks']:,} ticks<br>"
        f"State hash <code>{escape(outcome['state_hash'])}</code><br>"
        f"Journal head <code>{escape(outcome['journal_head'])}</code></footer>"
    )
