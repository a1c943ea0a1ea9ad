"""Answers without a harness: a script in the bundle asks a model, and a file of answers comes home."""

import shutil
from pathlib import Path

from exports.formats import answer
from exports.formats.base import BundleContext

SCRIPT = "answer.py"


def write_script(directory: Path) -> None:
    """Put the script that asks a model into the bundle."""
    shutil.copyfile(answer.__file__, directory / SCRIPT)


def answering_text(context: BundleContext) -> str:
    """Return the README's part on answers without a harness: a mock first, then a model, then the way home."""
    return f"""\
`{SCRIPT}` needs Python's standard library alone. The first line writes a fixed answer to each case and asks nobody; the
second asks an OpenAI-compatible endpoint (the key is read from `OPENAI_API_KEY`) and goes on where it stopped:

```sh
python3 {SCRIPT} --mock --out mock.jsonl
python3 {SCRIPT} --base-url https://HOST/v1 --model MODEL
```

With a client of your own, let the system under test answer each `prompt` as a conversation and write a line per answer
into `responses.jsonl`; `epoch` counts the samples of a case from 1:

```
{{"prompt_id": "…", "epoch": 1, "completion": "…"}}
```

Then, where Clinwright runs:

```
python manage.py import_responses responses.jsonl --release {context.release.label} --run RUN --model MODEL --by EMAIL
```
"""
