"""The command line from the outside: a process each, its two streams and its exit status."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMANDS = (
    "replay",
    "compare",
    "whatif",
    "explain",
    "accounts",
    "scenarios",
    "protocols",
    "verify",
    "resume",
    "report",
    "study",
)


def seawall(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "seawall.app", *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=cwd, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip


def complaint(run: subprocess.CompletedProcess[str]) -> str:
    """The one line that a user's mistake is answered with."""
    assert run.returncode == 2, run.stderr
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    assert line.startswith("seawall: ")
    return line.removeprefix("seawall: ")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom seawall.app.command_line import status\nassert status(['--help']) == 0\n"
        "heavy = 'numpy numba polars plotly pydantic apsw msgspec'.split()\n"
        "print('loaded', [name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stderr.strip() == "loaded []"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_and_json(command: str) -> None:
    run = seawall(command, "--help")
    assert run.returncode == 0
    assert f"Example: seawall {command}" in run.stdout
    assert "--json" in run.stdout


@pytest.mark.parametrize("source", ["binance", "chainlink", "liquidations"])
def test_every_source_of_data_has_help_with_an_example(source: str) -> None:
    run = seawall("data", "get", source, "--help")
    assert f"Example: seawall data get {source}" in run.stdout


def test_the_version_is_printed() -> None:
    assert seawall("--version").stdout.startswith("seawall 0.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope"], "No such command 'nope'"),
        (["replay"], "Missing argument 'SCENARIO'"),
        (["replay", "small", "--sed", "1"], "No such option"),
        (["accounts", "--limit", "x"], "Invalid value for '--limit'"),
        (["replay", "no_such_scenario"], "no scenario 'no_such_scenario'"),
        (["verify", "no/such/folder"], "journal.sqlite does not exist"),
        (["report", "no/such/folder"], "outcome.json does not exist"),
        (["resume", "no/such/folder"], "arguments.json does not exist"),
        (["protocols", "aave_v9"], "protocol 'aave_v9' is not known"),
    ],
)
def test_a_users_mistake_is_one_line_and_status_2(arguments: list[str], said: str) -> None:
    assert said in complaint(seawall(*arguments))


def test_it_refuses_to_run_without_its_assertions() -> None:
    run = subprocess.run(
        [sys.executable, "-O", "-m", "seawall.app", "--version"], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert "refuses to run under python -O" in run.stderr


def test_lists_are_json_on_stdout_and_nothing_else() -> None:
    scenarios = json.loads(seawall("scenarios", "--json").stdout)
    assert {"name", "title"} == set(scenarios[0])
    protocols = json.loads(seawall("protocols", "--json").stdout)
    assert {"protocol", "proof", "accounts", "parameters"} == set(protocols[0])


def test_accounts_are_json_on_stdout_worst_first(tmp_path: Path) -> None:
    texts = {
        "markets": "symbol,decimals,collateral_factor,close_factor,liquidation_incentive\nETH,18,0.8,0.5,1.08\nUSDC,6,0,0.5,1\n",
        "positions": "account,symbol,collateral_amount,debt_amount\nsafe,ETH,2,0\nsafe,USDC,0,10\nlow,ETH,1,0\nlow,USDC,0,90\n",
        "prices": "symbol,ts,price\nETH,100,100\nUSDC,100,1\n",
    }  # fmt: skip
    options: list[str] = []
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        options += [f"--{name}", str(tmp_path / name)]
    found = json.loads(seawall("accounts", *options, "--json").stdout)
    assert [(each["account"], each["status"]) for each in found] == [("low", "liquidatable"), ("safe", "healthy")]
    assert found[1]["liquidation_price"].startswith("6.249999")
    assert "1 of 1 accounts with debt with health below 1" in seawall("accounts", *options, "--below", "1").stdout
    assert "time 'noon' is neither" in complaint(seawall("accounts", *options, "--at", "noon"))
    (tmp_path / "prices").write_text("symbol,ts,price\nETH,100,-3\n")
    assert "price -3 of ETH is not positive" in complaint(seawall("accounts", *options))


def test_a_replay_writes_its_folder_once(small_scenario: Path, replayed: Path, tmp_path: Path) -> None:
    run = seawall("replay", small_scenario, "--json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    folder = tmp_path / "out" / "small"
    assert run.stdout.encode() == (folder / "outcome.json").read_bytes()
    assert (folder / "outcome.json").read_bytes() == (replayed / "outcome.json").read_bytes()
    assert (folder / "report.html").read_bytes() == (replayed / "report.html").read_bytes()
    assert "is not empty" in complaint(seawall("replay", small_scenario, cwd=tmp_path))
    again = seawall("replay", small_scenario, "--force", cwd=tmp_path)
    assert again.returncode == 0
    assert "Bad debt" in again.stdout


def test_what_a_replay_left_can_be_read_by_every_command(replayed: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(replayed, tmp_path / "copy"))
    assert json.loads(seawall("verify", folder, "--json").stdout)["outcome_agrees"] is True
    assert json.loads(seawall("explain", folder, "account-00001", "--json").stdout)["account"] == "account-00001"
    assert "nearest: " in complaint(seawall("explain", folder, "acount-00001"))
    page = (folder / "report.html").read_bytes()
    (folder / "report.html").unlink()
    assert json.loads(seawall("report", folder, "--json").stdout) == {"report": str(folder / "report.html")}
    assert (folder / "report.html").read_bytes() == page


def test_a_flipped_byte_is_one_line_and_status_2(replayed: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(replayed, tmp_path / "copy"))
    path = folder / "journal.sqlite"
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PositionsChanged")] ^= 1
    path.write_bytes(content)
    complaint(seawall("verify", folder))


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_was_struck_down_resumes_to_the_same_bytes(
    small_scenario: Path, replayed: Path, tmp_path: Path, blow: signal.Signals
) -> None:
    folder = tmp_path / "struck"
    run = subprocess.Popen(
        [sys.executable, "-m", "seawall.app", "replay", small_scenario, "--out", folder],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while run.poll() is None and not (folder / "journal.sqlite-wal").exists():
        time.sleep(0.002)
    run.send_signal(blow)
    _, said = run.communicate()
    if run.returncode != 0:  # it may have been faster than the blow
        assert not (folder / "outcome.json").exists()
        if blow == signal.SIGINT:
            assert run.returncode == 130
            assert said.splitlines()[-1] == f"seawall: interrupted; `seawall resume {folder}` goes on"
    resumed = seawall("resume", folder, "--json")
    assert resumed.returncode == 0, resumed.stderr
    for name in ("outcome.json", "report.html"):
        assert (folder / name).read_bytes() == (replayed / name).read_bytes()


def test_a_run_that_was_killed_before_it_read_its_inputs_resumes_from_its_arguments(
    small_scenario: Path, replayed: Path, tmp_path: Path
) -> None:
    (tmp_path / "arguments.json").write_bytes((replayed / "arguments.json").read_bytes())
    assert seawall("resume", tmp_path, "--json").returncode == 0
    assert (tmp_path / "outcome.json").read_bytes() == (replayed / "outcome.json").read_bytes()


def test_a_mistake_in_the_inputs_leaves_an_earlier_replay_as_it_was(replayed: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(replayed, tmp_path / "copy"))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    complaint(seawall("replay", "black_thursday", "--protocol", "none@1", "--out", folder, "--force"))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    complaint(seawall("replay", "black_thursday", "--protocol", "none@1", "--out", tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_inputs_that_changed_are_named_with_both_digests(small_scenario: Path, tmp_path: Path) -> None:
    scenario = tmp_path / "small.toml"
    scenario.write_text(small_scenario.read_text())
    folder = tmp_path / "out"
    assert seawall("replay", scenario, "--out", folder).returncode == 0
    scenario.write_text(small_scenario.read_text() + "\n# another byte\n")
    line = complaint(seawall("resume", folder))
    assert line.startswith("input small.toml has sha256 ")
    assert ", the run began with " in line


def test_a_reader_that_stops_early_is_no_crash(replayed: Path) -> None:
    run = subprocess.run(
        f"{sys.executable} -m seawall.app protocols --json | head -c 1", shell=True, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert (run.stdout, run.stderr) == ("[", "")
