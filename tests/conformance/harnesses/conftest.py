"""The environments that `make harnesses` built, and the bundles that run in them."""

import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from exports.formats.registry import get_format
from exports.records import CaseRecord
from tests.conformance.harnesses.cases import hard_records
from tests.conftest import ROOT
from tests.exports.builders import make_release_record, write_bundle

HARNESSES = ROOT / ".harnesses"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# No harness may look for its home on the network, or tell anybody that it ran.
QUIET = {
    "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1", "NO_COLOR": "1", "OPENAI_API_KEY": "no-key", "PYTHONDONTWRITEBYTECODE": "1",
    "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1",
}  # fmt: skip
TOOK = "took"


def harness_dir(name: str) -> Path:
    """Return the folder of a harness; skip where it isn't built (which CI doesn't allow)."""
    directory = HARNESSES / name
    if not (directory / "installed-requirements").is_file():
        pytest.skip(f"{name} is not installed; run make harnesses")
    return directory


def harness_programs(name: str) -> Path:
    """Return the folder of a harness's programs; Python's is among them where it is one of Python's."""
    return harness_dir(name) / ("node_modules/.bin" if name == "promptfoo" else "bin")


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs commands as a person would in a bundle's folder, with the harness's programs first on the path."""

    directory: Path
    programs: Path
    home: Path
    record: Callable[[str, object], None]

    def readme_commands(self) -> list[str]:
        """Return the blocks of shell commands in the bundle's README, as they stand there."""
        return BLOCK.findall((self.directory / "README.md").read_text(encoding="utf-8"))

    def run(
        self, command: str, *, ok: tuple[int, ...] = (0,), timeout: float = 180, **environment: str
    ) -> str:
        """Run the command; return what it printed; fail with that when it ends otherwise than expected."""
        known = {
            key: value for key, value in os.environ.items() if key in {"LANG", "LC_ALL", "SSL_CERT_FILE"}
        }
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        settings = {**known, **QUIET, "PATH": path, "HOME": str(self.home), **environment}
        began = time.perf_counter()
        done = subprocess.run(
            ["sh", "-ec", command], cwd=self.directory, env=settings, capture_output=True, text=True,
            check=False, timeout=timeout,
        )  # fmt: skip
        self.record(TOOK, f"{time.perf_counter() - began:6.1f} s  {command.strip().splitlines()[0][:80]}")
        assert done.returncode in ok, f"{command}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def records() -> list[CaseRecord]:
    """The hard set."""
    return hard_records()


@pytest.fixture
def bundle(tmp_path: Path, record_property: Callable[[str, object], None]) -> Callable[..., Runner]:
    """Return a function that writes a format's bundle of records and gives a runner in it."""

    def make(file_format: str, records: list[CaseRecord], harness: str, **options: bool) -> Runner:
        directory = tmp_path / f"bundle {file_format}"  # a folder's name may hold a space
        write_bundle(
            records,
            directory,
            release=make_release_record(records),
            bundle_format=get_format(file_format),
            **options,
        )
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        programs = harness_programs(harness)
        return Runner(directory, programs, home, record_property)

    return make


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how long each command of a harness took."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == TOOK and report.when == "call":
                    terminalreporter.write_line(value)
