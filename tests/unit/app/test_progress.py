import pytest

from seawall.app import progress as module
from seawall.app.progress import ReplayProgress
from seawall.studies.recorder import Progress

WAD = 10**18


def at(moment_ms: int) -> Progress:
    return Progress(
        at=moment_ms, end_at=1_584_057_600_000, symbol="ETH", price=1_234_567 * 10**15, below_count=1_412,
        bad_debt_value=98_596 * WAD, liquidation_count=3,
    )  # fmt: skip


def test_without_a_terminal_a_line_is_said_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "LINE_SECONDS", 0.0)
    with ReplayProgress() as progress:
        progress(at(1_583_971_200_000))
        progress(at(1_584_014_400_000))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "2020-03-12 00:00:00  ETH 1,234.56  1,412 below the line  bad debt 98,596  0 %",
        "2020-03-12 12:00:00  ETH 1,234.56  1,412 below the line  bad debt 98,596  50 %",
    ]


def test_a_line_is_not_said_before_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    with ReplayProgress() as progress:
        progress(at(1_583_971_200_000))
    assert capsys.readouterr().err == ""
