"""The README inside a bundle."""

from typing import Any

from exports.formats.base import BundleFormat

_TEMPLATE = """\
# {name}=={version} · {label}

{n_items} cases of the clinical benchmark {name}=={version} (stage: {stage}), exported by Clinwright.
{withheld}

Licence: {licence}. The cases carry a canary: keep them out of training data and out of public plain text.

## Files

| file | what |
|---|---|
| `{data_file}` | the cases, one a line |
| `manifest.json` | the release with the hash of every case, this bundle's counts, canary and file hashes |
| `verify.py` | checks every byte; needs only Python's standard library |

{description}

## Verify

```
python3 -I verify.py
python3 -I verify.py --expect {release_sha256}
```

The second line also proves that this is the release you were told of: compare that number with the release's page.

## Run it, and bring the answers home

Let the system under test answer each `prompt` as a conversation. Write one line per answer into `responses.jsonl`:

```
{{"prompt_id": "…", "epoch": 1, "completion": "…"}}
```

`epoch` counts the samples of a case from 1 and may be left out when there is one. Then, where Clinwright runs:

```
python manage.py import_responses responses.jsonl --release {name}=={version} --run RUN --model MODEL --by EMAIL
```

## Score

{score_formula}. A criterion with negative points takes points away when it is met.
"""


def readme_text(manifest: dict[str, Any], bundle_format: BundleFormat) -> str:
    """Return the README of a bundle; it holds nothing that the manifest and the format don't say."""
    return _TEMPLATE.format(
        label=bundle_format.label,
        description=bundle_format.description,
        withheld=_withheld(manifest),
        **manifest,
    )


def _withheld(manifest: dict[str, Any]) -> str:
    if manifest["recipient"]:
        return (
            f"This copy was made for {manifest['recipient']} and holds held-out cases too: do not pass it on."
        )
    if manifest["n_withheld"]:
        return f"{manifest['n_withheld']} held-out cases are withheld; their hashes are in the manifest."
    return "No case is withheld."
