"""How the simulator is started, and that nobody can take it for the real service."""

import ast
import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import daraja_sim
from daraja_sim.__main__ import main
from daraja_sim.settings import Settings, SettingsRefused, parse
from fixtures.daraja.merchant import TOKEN, Merchant

HOME = Path(daraja_sim.__file__).parent


def test_the_command_line_is_above_the_environment() -> None:
    environment = {"DARAJA_SIM_PORT": "8100", "DARAJA_SIM_SEED": "4", "DARAJA_SIM_URL_WORDS": "false"}
    settings = parse(["--port", "8200", "--sandbox-like", "--business-name", "Mti Practice"], environment)
    assert (settings.port, settings.seed, settings.url_words) == (8200, 4, False)
    assert (settings.sandbox_like, settings.business_name) == (True, "Mti Practice")
    assert parse([], {}) == Settings()
    assert parse([], {"DARAJA_SIM_SANDBOX_LIKE": "1"}).sandbox_like is True
    assert parse(["--strict"], {"DARAJA_SIM_SANDBOX_LIKE": "1"}).sandbox_like is False


@pytest.mark.parametrize(
    "arguments",
    [
        ["--passkey", "0123456789abcdef"],
        ["--consumer-key", "aB3dEf"],
        ["--consumer-secret", "aB3dEf"],
        ["--business-name", "Safaricom PLC"],
        ["--shortcode", "12"],
        ["--query-pending", "200"],
        ["--default-mode", "asleep"],
    ],
)
def test_it_takes_no_real_secret_and_no_nonsense(arguments: list[str]) -> None:
    with pytest.raises(SettingsRefused):
        parse(arguments, {})


def test_the_program_starts_answers_and_ends_cleanly() -> None:
    command = [sys.executable, "-m", "daraja_sim", "--port", "0", "--shortcode", "600998"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        said = program.stdout.readline()
        assert said.startswith("SIMULATOR, not Safaricom: http://127.0.0.1:")
        with urllib.request.urlopen(said.split()[3] + "health", timeout=5) as answer:
            assert json.load(answer)["simulated"] is True
        program.send_signal(signal.SIGTERM)
        assert program.wait(10) == 0


def test_it_says_why_it_does_not_start(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["daraja_sim", "--passkey", "0123456789abcdef"])
    assert main() == 2
    said = capsys.readouterr().err
    assert "passkey must start with 'sim'" in said
    assert "0123456789abcdef" not in said


def test_there_is_no_option_to_listen_elsewhere() -> None:
    with pytest.raises(SystemExit):
        parse(["--host", "0.0.0.0"], {})


async def test_it_answers_under_no_other_name(sim: Merchant) -> None:
    for host in ("api.safaricom.co.ke", "sandbox.safaricom.co.ke", "example.co.ke:8002"):
        assert (await sim.call("GET", TOKEN, headers={"Host": host})).status == 421
    async with sim.session.get(sim.base + "/health") as answer:
        assert answer.headers["X-Simulator"] == "daraja_sim; not Safaricom"


async def test_a_page_of_another_site_can_do_nothing(sim: Merchant) -> None:
    for origin in ("https://example.co.ke", "null"):
        answer = await sim.call("POST", "/api/reset", headers={"Origin": origin})
        assert answer.status == 403


def test_it_shares_no_code_with_the_program_it_tests() -> None:
    allowed = {"daraja_sim", "aiohttp", "jinja2"}
    for path in HOME.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            roots = {name.split(".")[0] for name in names}
            assert roots <= allowed | set(sys.stdlib_module_names), path
