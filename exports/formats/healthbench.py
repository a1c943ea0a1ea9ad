"""HealthBench's own row, as simple-evals reads it: an imported row leaves with every field it came with."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import UNSET

from builder.content import CaseContent, Criterion
from exports.formats.answering import answering_text, write_script
from exports.formats.base import BundleContext, BundleFormat, write_lines
from exports.formats.formulas import HEALTHBENCH
from exports.formats.healthbench_log import READER
from exports.formats.rows import canary_for, line_of, turns
from exports.records import CaseRecord

FILE_NAME, RUNNER = "healthbench.jsonl", "run_inspect_evals.py"
_RUNNER = Path(__file__).with_name(RUNNER)  # it runs in the harness's environment


def write(records: Iterable[CaseRecord], directory: Path, context: BundleContext) -> None:
    """Write one HealthBench line per case, and the scripts that run it."""
    write_lines(directory / FILE_NAME, (line_of(row(record, context)) for record in records))
    shutil.copyfile(_RUNNER, directory / RUNNER)
    write_script(directory)


def row(record: CaseRecord, context: BundleContext) -> dict[str, Any]:
    """Return the row of one case; the bundle's canary goes in where the case brings none."""
    content = record.content
    return {
        **content.extra,
        **_ideal_completions(content),
        "prompt_id": record.prompt_id,
        "prompt": turns(record),
        "rubrics": [_criterion(criterion) for criterion in content.rubrics],
        "example_tags": content.example_tags,
        "canary": canary_for(record, context),
    }


def _criterion(criterion: Criterion) -> dict[str, Any]:
    return {
        **criterion.extra,
        "criterion": criterion.criterion,
        "points": criterion.points,
        "tags": criterion.tags,
    }


def _ideal_completions(content: CaseContent) -> dict[str, Any]:
    """Keep absent and null apart, as the imported row had it."""
    if content.ideal_completions_data is UNSET:
        return {}
    return {"ideal_completions_data": content.ideal_completions_data}


def usage(context: BundleContext) -> str:
    """Say how to run the file, and how the log comes home."""
    return f"""\
Three harnesses read the file as it is.

**inspect_evals** (`pip install inspect-evals inspect-ai`, in an environment of its own). First without any model or
network, then for real with Inspect's names of models, such as `openai/NAME`:

```sh
python {RUNNER} --mock --log-dir logs/mock
```

```sh
python {RUNNER} --model "$MODEL" --grader "$GRADER" --log-dir logs/real
```

Bring the log home, where Clinwright runs:

```sh
python manage.py import_results logs/real --release "{context.release.label}" --run RUN --by EMAIL
```

**simple-evals**, the reference: it takes no path as an option, so set it before you make the evaluation,
`healthbench_eval.INPUT_PATH = "/path/to/{FILE_NAME}"`. Bring home the file `healthbench_*_allresults.json` that it
writes, by the same command.

**MedHELM** reads the file from `benchmark_output/scenarios/health_bench/{FILE_NAME}`. It scores by another formula, in
which a met criterion with negative points adds points: don't compare its number with ours.

## Or without a harness

{answering_text(context)}"""


FORMAT = BundleFormat(
    name="healthbench",
    label="HealthBench JSONL",
    file_name=FILE_NAME,
    write=write,
    usage=usage,
    reader=READER,
    tested_with="inspect-evals 0.26.0",
    formula=HEALTHBENCH,
    rank=10,
    description=(
        "Each line is one case as HealthBench publishes them: prompt_id, prompt, rubrics (criterion, points, tags), "
        "example_tags, ideal_completions_data and canary. simple-evals, Inspect's `healthbench` task and MedHELM read "
        "it. Criteria carry no id here: results are joined by prompt_id and the criterion's place, so keep the order."
    ),
)
