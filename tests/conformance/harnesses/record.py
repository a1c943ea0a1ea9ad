"""Record small logs of the real harnesses for the reader tests that run everywhere (tests/golden/harness_logs).

    python manage.py shell --no-imports -c "from tests.conformance.harnesses.record import main; main()"

The bundles are run by their READMEs' commands against the loopback server; what a reader doesn't need is left out, and
paths and ports are replaced. `inspect_before` and `lm_eval_before` name folders with the programs of an older version,
whose logs look otherwise; without them those logs are kept as they are.
"""

import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zipfile_zstd  # noqa: F401 — teaches zipfile the compression of .eval files

from exports.formats.registry import get_format
from tests.conformance.harnesses import test_inspect_ai, test_inspect_evals, test_lm_eval, test_promptfoo
from tests.conformance.harnesses.cases import never_judged, recorded_records
from tests.conformance.harnesses.conftest import HARNESSES, Runner
from tests.conformance.harnesses.loopback import Loopback, loopback
from tests.conftest import ROOT
from tests.exports.builders import make_release_record, write_bundle

GOLDEN = ROOT / "tests" / "golden" / "harness_logs"
UNREAD = {
    "events",
    "timelines",
    "store",
    "model_usage",
    "role_usage",
    "traceback",
    "traceback_ansi",
    "revision",
}
UNREAD |= {
    "messages",
    "attachments",
    "pretty_env_info",
    "git_hash",
    "upper_git_hash",
    "task_file",
    "command_line",
    "machine",
}


class Recorder:
    """Runs a bundle in a scratch folder and keeps its scrubbed log."""

    def __init__(self, out: Path, scratch: Path) -> None:
        self.out, self.scratch, self.port = out, scratch, ""

    def runner(self, file_format: str, programs: Path, name: str, **options: bool) -> Runner:
        directory = self.scratch / name
        records = recorded_records()
        write_bundle(
            records,
            directory,
            release=make_release_record(records),
            bundle_format=get_format(file_format),
            **options,
        )
        home = self.scratch / "home"
        home.mkdir(exist_ok=True)
        return Runner(directory, programs, home, lambda _name, _value: None)

    @contextmanager
    def server(self) -> Iterator[Loopback]:
        with loopback(
            recorded_records(), lambda key, _call: "not_json" if key == never_judged() else ""
        ) as server:
            self.port = server.base_url.split(":")[2].split("/")[0]
            yield server

    def text(self, text: str) -> str:
        known = {
            str(self.scratch): "scratch",
            str(ROOT): "checkout",
            str(Path.home()): "home",
            os.uname().nodename: "host",
        }
        for said, kept in known.items():
            text = text.replace(said, kept)
        return text.replace(f":{self.port}/", ":1/") if self.port else text

    def value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.value(each) for key, each in value.items() if key not in UNREAD}
        if isinstance(value, list):
            return [self.value(each) for each in value]
        return self.text(value) if isinstance(value, str) else value

    def keep_json(self, source: Path, name: str) -> None:
        data = self.value(json.loads(source.read_text(encoding="utf-8")))
        self._target(name).write_text(json.dumps(data, ensure_ascii=False) + "\n", encoding="utf-8")

    def keep_lines(self, source: Path, name: str) -> None:
        rows = [
            self.value(json.loads(line)) for line in source.read_text(encoding="utf-8").splitlines() if line
        ]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        self._target(name).write_text(text, encoding="utf-8")

    def keep_eval(self, source: Path, name: str) -> None:
        """Write the members anew with the compression they came in."""
        with zipfile.ZipFile(source) as archive, zipfile.ZipFile(self._target(name), "w") as kept:
            for member in archive.infolist():
                if member.filename.startswith("_journal/"):
                    continue
                data = self.value(json.loads(archive.read(member)))
                info = zipfile.ZipInfo(member.filename)
                info.compress_type = member.compress_type
                kept.writestr(info, json.dumps(data, ensure_ascii=False))

    def _target(self, name: str) -> Path:
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def one(directory: Path, pattern: str) -> Path:
    """Return the only file of this pattern below the folder."""
    (found,) = directory.rglob(pattern)
    return found


def record_inspect(recorder: Recorder) -> None:
    """Record `.eval` and `.json` of two epochs with a grader that fails once."""
    for log_format, keep in (("eval", recorder.keep_eval), ("json", recorder.keep_json)):
        run = recorder.runner("inspect_ai", HARNESSES / "inspect" / "bin", f"inspect {log_format}")
        with recorder.server() as server:
            settings = test_inspect_ai.endpoint(server.base_url, run.home)
            run.run(run.readme_commands()[1], INSPECT_LOG_FORMAT=log_format, **settings)
        keep(one(run.directory / "logs", f"*.{log_format}"), f"inspect_ai-0.3.285.{log_format}")


def record_inspect_evals(recorder: Recorder) -> None:
    """Record the HealthBench task of inspect-evals."""
    run = recorder.runner("healthbench", HARNESSES / "inspect-evals" / "bin", "inspect evals")
    with recorder.server() as server:
        command = test_inspect_evals.COMMAND.format(epochs=1, log_format="json")
        run.run(command, **test_inspect_ai.endpoint(server.base_url, run.home))
    recorder.keep_json(one(run.directory / "logs", "*.json"), "inspect_evals-0.26.0.json")


def record_lm_eval(recorder: Recorder) -> None:
    """Record a run with a grader, and one that only collected answers."""
    programs = HARNESSES / "lm-eval" / "bin"
    run = recorder.runner("lm_eval", programs, "lm eval")
    with recorder.server() as server:
        run.run(run.readme_commands()[1], **test_lm_eval.endpoint(server.base_url))
    keep_lm_eval(recorder, run.directory / "out", "lm_eval-0.4.13/under-test")
    run = recorder.runner("lm_eval", programs, "lm eval answers", prompts_only=True)
    run.run(run.readme_commands()[0])
    keep_lm_eval(recorder, run.directory / "out", "lm_eval-0.4.13-answers")


def keep_lm_eval(recorder: Recorder, out: Path, name: str) -> None:
    """Keep the samples and the results under their own names, in place of earlier ones."""
    shutil.rmtree(recorder.out / name, ignore_errors=True)
    samples, results = one(out, "samples_*.jsonl"), one(out, "results_*.json")
    recorder.keep_lines(samples, f"{name}/{samples.name}")
    recorder.keep_json(results, f"{name}/{results.name}")


def record_promptfoo(recorder: Recorder) -> None:
    """Record both forms of results, with a grader that fails once."""
    for suffix, keep in (("json", recorder.keep_json), ("jsonl", recorder.keep_lines)):
        run = recorder.runner(
            "promptfoo", HARNESSES / "promptfoo" / "node_modules" / ".bin", f"promptfoo {suffix}"
        )
        with recorder.server() as server:
            command = run.readme_commands()[1].replace("real.json", f"real.{suffix}")
            run.run(command, ok=(100,), **test_promptfoo.endpoint(server.base_url))
        keep(run.directory / f"real.{suffix}", f"promptfoo-0.121.20.{suffix}")


def record_inspect_before(recorder: Recorder, programs: Path) -> None:
    """Record the offline run of an older Inspect, whose `.eval` is compressed otherwise."""
    run = recorder.runner("inspect_ai", programs, "inspect before")
    run.run(run.readme_commands()[0])
    recorder.keep_eval(one(run.directory / "logs", "*.eval"), "inspect_ai-0.3.140.eval")


def record_lm_eval_before(recorder: Recorder, programs: Path) -> None:
    """Record the offline run of an older lm-evaluation-harness, whose command has no `run`."""
    run = recorder.runner("lm_eval", programs, "lm eval before")
    run.run(run.readme_commands()[0].replace("lm_eval run ", "lm_eval "))
    keep_lm_eval(recorder, run.directory / "out", "lm_eval-0.4.9.1")


def main(inspect_before: str = "", lm_eval_before: str = "") -> None:
    """Record every log that can be recorded here."""
    steps: list[Callable[[Recorder], None]] = [
        record_inspect, record_inspect_evals, record_lm_eval, record_promptfoo,
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        recorder = Recorder(GOLDEN, Path(scratch))
        for step in steps:
            step(recorder)
        if inspect_before:
            record_inspect_before(recorder, Path(inspect_before))
        if lm_eval_before:
            record_lm_eval_before(recorder, Path(lm_eval_before))
