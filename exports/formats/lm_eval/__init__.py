"""lm-evaluation-harness: a task directory out, `samples_*.jsonl` and `results_*.json` back."""

from exports.formats.base import BundleContext, BundleFormat
from exports.formats.formulas import HEALTHBENCH
from exports.formats.lm_eval.reading import READER
from exports.formats.lm_eval.writing import FILE_NAME, write

_BEGIN = """\
Install the harness into an environment of its own; `pip install 'lm_eval[api]'` brings what endpoints need and no
torch. Run the commands in this folder.

First without any model or network. The harness's `dummy` model gives every case the same short answer{mock}:

```sh
{grader}lm_eval run --model dummy --include_path tasks --tasks clinwright \\
    --output_path out/mock --log_samples
```
"""
_GRADED = """\

Then for real. `MODEL` is the system under test at the OpenAI-compatible endpoint `BASE_URL`, such as
`https://HOST/v1`; `GRADER` is the judge at `GRADER_BASE_URL`. Keys are read from `OPENAI_API_KEY`, the grader's from
`RUBRIC_GRADER_API_KEY` where it differs:

```sh
RUBRIC_GRADER="$GRADER" RUBRIC_GRADER_BASE_URL="$GRADER_BASE_URL" \\
lm_eval run --model local-chat-completions --apply_chat_template \\
    --model_args "model=$MODEL,base_url=$BASE_URL/chat/completions,num_concurrent=4,tokenized_requests=False" \\
    --include_path tasks --tasks clinwright --output_path out/real --log_samples
```
"""
_PROMPTS_ONLY = """\

Then for real. `MODEL` is the system under test at the OpenAI-compatible endpoint `BASE_URL`, such as
`https://HOST/v1`; the key is read from `OPENAI_API_KEY`. This bundle holds no rubric: the harness collects the answers
(its score is not a number), and they are graded in Clinwright:

```sh
lm_eval run --model local-chat-completions --apply_chat_template \\
    --model_args "model=$MODEL,base_url=$BASE_URL/chat/completions,num_concurrent=4,tokenized_requests=False" \\
    --include_path tasks --tasks clinwright --output_path out/real --log_samples
```
"""
_END = """\

`--apply_chat_template` sends each turn with its role; without it the model gets a transcript. Without `RUBRIC_GRADER`
only answers are collected. Bring the folder home, where Clinwright runs:

```sh
python manage.py import_results out/real --release "{label}" --run RUN --by EMAIL
```
"""


def usage(context: BundleContext) -> str:
    """Return how to run the bundle and bring its log home."""
    begin = _BEGIN.format(
        mock="" if context.prompts_only else ", and verdicts are made up from hashes",
        grader="" if context.prompts_only else "RUBRIC_GRADER=mock ",
    )
    middle = _PROMPTS_ONLY if context.prompts_only else _GRADED
    return begin + middle + _END.format(label=context.release.label)


FORMAT = BundleFormat(
    name="lm_eval",
    label="lm-evaluation-harness",
    file_name=FILE_NAME,
    write=write,
    description=(
        "A task directory for lm-evaluation-harness: `cases.jsonl` (one case a line, with its rubric), "
        "`tasks/clinwright.yaml`, and `tasks/rubric_task.py`, which sends every turn with its true role and grades one "
        "criterion per call. A grading that fails leaves its criterion without a verdict and its case unscored."
    ),
    usage=usage,
    reader=READER,
    formula=HEALTHBENCH,
    may_leave_rubric_out=True,
    tested_with="lm-eval 0.4.13",
    rank=40,
)
