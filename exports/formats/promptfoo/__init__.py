"""promptfoo: a directory out, `results.json` and `.jsonl` back."""

from exports.formats.base import BundleContext, BundleFormat
from exports.formats.promptfoo.reading import READER
from exports.formats.promptfoo.scoring import DEFAULT, SCORED
from exports.formats.promptfoo.writing import FILE_NAME, write

_BEGIN = """\
promptfoo needs Node.js (20.20 or 22.22 and newer); `npm install promptfoo` in a folder of its own, with its programs
on the path. Run the commands in this folder.

First without any model or network; answers{verdicts} are made up from hashes:

```sh
export PROMPTFOO_DISABLE_TELEMETRY=1 PROMPTFOO_DISABLE_UPDATE=1
export PROMPTFOO_DISABLE_REMOTE_GENERATION=1 PROMPTFOO_DISABLE_SHARING=1
{mock}promptfoo eval -c promptfooconfig.yaml -o mock.json \\
    --no-cache --no-table --no-progress-bar --no-write
```

Then for real. `MODEL` is the system under test as promptfoo names providers, such as `openai:chat:NAME`{judge}:

```sh
export PROMPTFOO_DISABLE_TELEMETRY=1 PROMPTFOO_DISABLE_UPDATE=1
export PROMPTFOO_DISABLE_REMOTE_GENERATION=1 PROMPTFOO_DISABLE_SHARING=1
{grader}promptfoo eval -c promptfooconfig.yaml -r "$MODEL" --repeat 2 -o real.json \\
    --no-cache --no-table --no-progress-bar --no-write
```

`--repeat` is the number of answers to each case. promptfoo ends with exit code 100 when an answer or a grading failed.
"""
_JUDGE = """; `GRADER` is
the judge's name at the OpenAI-compatible endpoint `GRADER_BASE_URL`, such as `https://HOST/v1` (its key is read from
`RUBRIC_GRADER_API_KEY`, else from `OPENAI_API_KEY`)"""
_END = """\
Bring the results home, where Clinwright runs (`-o real.jsonl` makes a file that can be as large as it needs to be):

```sh
python manage.py import_results real.json --release "{label}" --run RUN --by EMAIL
```
"""


def usage(context: BundleContext) -> str:
    """Return how to run the bundle and bring its log home."""
    if context.prompts_only:
        begin = _BEGIN.format(verdicts="", mock="", judge="", grader="")
        return begin + "\n" + _END.format(label=context.release.label)
    begin = _BEGIN.format(
        verdicts=" and verdicts",
        mock="RUBRIC_GRADER=mock ",
        judge=_JUDGE,
        grader='RUBRIC_GRADER="$GRADER" RUBRIC_GRADER_BASE_URL="$GRADER_BASE_URL" \\\n',
    )
    return f"{begin}\n{DEFAULT.sentence}\n\n{_END.format(label=context.release.label)}"


FORMAT = BundleFormat(
    name="promptfoo",
    label="promptfoo",
    file_name=FILE_NAME,
    write=write,
    description=(
        "A directory for promptfoo: `cases.jsonl` (one case a line, with its rubric), `tests.jsonl` (an assertion per "
        "criterion), `promptfooconfig.yaml` and the scripts it names. `grader.cjs` judges one criterion per call, and "
        "`score.cjs` makes HealthBench's score of the verdicts. A grading that fails is an error, never *not met*."
    ),
    usage=usage,
    reader=READER,
    formula=SCORED,
    other_formulas=(DEFAULT,),
    may_leave_rubric_out=True,
    tested_with="promptfoo 0.121.20",
    rank=50,
)
