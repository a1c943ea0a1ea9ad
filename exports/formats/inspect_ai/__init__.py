"""Inspect AI: a task directory out, `.eval` and `.json` logs back."""

from exports.formats.base import BundleContext, BundleFormat
from exports.formats.formulas import HEALTHBENCH
from exports.formats.inspect_ai.reading import READER
from exports.formats.inspect_ai.writing import FILE_NAME, write

_USAGE = """\
Install Inspect into an environment of its own: `pip install inspect-ai` (and your provider's client, such as
`openai`). Run the commands in this folder.

First without any model or network; answers and verdicts are made up from hashes:

```sh
inspect eval rubric_task.py -T mock=true --epochs 2 --log-dir logs/mock --display plain
```

Then for real. `MODEL` is the system under test and `GRADER` the judge, both as Inspect names models, such as
`openai/NAME`, `anthropic/NAME`, or `openai-api/HOUSE/NAME` for an endpoint of your own (its address in
`HOUSE_BASE_URL`, its key in `HOUSE_API_KEY`):

```sh
inspect eval rubric_task.py --model "$MODEL" --model-role grader="$GRADER" \\
    --epochs 2 --log-dir logs/real --display plain
```

`--epochs` is the number of answers to each case. `-T grader_timeout=SECONDS` and `-T grader_retries=N` bound the
calls to the grader. Bring the log home, where Clinwright runs:

```sh
python manage.py import_results logs/real --release "{label}" --run RUN --by EMAIL
```
"""

_PROMPTS_ONLY = """\
This bundle holds no rubric: Inspect collects the answers, and they are graded in Clinwright. Install Inspect into an
environment of its own: `pip install inspect-ai` (and your provider's client). Run the commands in this folder.

First without any model or network; the answers are made up from hashes:

```sh
inspect eval rubric_task.py -T mock=true --log-dir logs/mock --display plain
```

Then for real, with the system under test as Inspect names models, such as `openai/NAME`:

```sh
inspect eval rubric_task.py --model "$MODEL" --log-dir logs/real --display plain
```

Bring the log home, where Clinwright runs:

```sh
python manage.py import_results logs/real --release "{label}" --run RUN --by EMAIL
```
"""


def usage(context: BundleContext) -> str:
    """Return how to run the bundle and bring its log home."""
    return (_PROMPTS_ONLY if context.prompts_only else _USAGE).format(label=context.release.label)


FORMAT = BundleFormat(
    name="inspect_ai",
    label="Inspect AI",
    file_name=FILE_NAME,
    write=write,
    description=(
        "A task directory for Inspect: `cases.jsonl` (id, input as a conversation, target, metadata with the rubric), "
        "`rubric_task.py` (generates, then grades one criterion per call with the model in the role `grader`) and "
        "`grader_template.txt`. A grading that fails leaves its criterion without a verdict and its sample unscored."
    ),
    usage=usage,
    reader=READER,
    formula=HEALTHBENCH,
    may_leave_rubric_out=True,
    tested_with="inspect-ai 0.3.285",
    id_path=("id",),
    rank=30,
)
