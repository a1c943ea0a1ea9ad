"""The README inside a bundle."""

import re
from collections.abc import Iterable
from typing import Any

from exports.formats import grader, verify
from exports.formats.base import BundleContext, BundleFormat

_TEMPLATE = """\
# {name}=={version} · {label}{without}

{n_items} cases of the clinical benchmark {name}=={version} (stage: {stage}), exported by Clinwright.
{withheld}

Licence: {licence}. The cases carry a canary: keep them out of training data and out of public plain text.

{description}

## Files

| file | what |
|---|---|
{files}

## Verify

```
python3 -I verify.py
python3 -I verify.py --expect {release_sha256}
```

The second line also proves that this is the release you were told of: compare that number with the release's page.
Verify before you run: what is written into this folder later is no part of the bundle, and verify.py complains of it.
{unproven}
## Run it, and bring the answers home

{usage}

## Score

{score}
"""
_KNOWN = {
    verify.MANIFEST: "the release with the hash of every case, this bundle's counts, canary and file hashes",
    verify.SCRIPT: "checks every byte; needs only Python's standard library",
    grader.FILE_NAME: "the prompt for an LLM that grades one criterion of one answer",
    "README.md": "this text",
}
_LEFT_OUT = (
    "The rubric, the reference answer, evidence, tags, titles and metadata are left out: this bundle is for running a "
    "system that must not see them."
)
_SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_UNPROVEN = """
The rubric was left out, so a case can't be hashed again here: verify.py proves that no file was changed since the
export, and that the cases are the release's in its order, but not that each prompt is the release's own words.
"""


def readme_text(
    manifest: dict[str, Any], bundle_format: BundleFormat, context: BundleContext, files: Iterable[str]
) -> str:
    """Return the README of a bundle; it holds nothing that the manifest and the format don't say."""
    head = bundle_format.readme_head(context) if bundle_format.readme_head else ""
    return head + _TEMPLATE.format(
        label=bundle_format.label,
        description=_LEFT_OUT if context.prompts_only else bundle_format.description,
        without=", prompts only" if context.prompts_only else "",
        withheld=_withheld(manifest),
        files="\n".join(f"| `{name}` | {_what(name, bundle_format)} |" for name in files),
        unproven=_UNPROVEN if context.prompts_only else "",
        usage=bundle_format.usage(context).strip(),
        score=_score(manifest, bundle_format, context),
        **{key: manifest[key] for key in _FIELDS},
    )


def commands_of(usage: str) -> list[str]:
    """Return the shell commands that a format's usage prints, block by block."""
    return [block.strip() for block in _SHELL.findall(usage)]


_FIELDS = ("name", "version", "stage", "n_items", "licence", "release_sha256")


def _what(name: str, bundle_format: BundleFormat) -> str:
    if name == bundle_format.file_name:
        return "the cases"
    return _KNOWN.get(name, "used below")


def _score(manifest: dict[str, Any], bundle_format: BundleFormat, context: BundleContext) -> str:
    if context.prompts_only:
        return "The rubric stays where Clinwright runs: bring the answers home, and they are graded and scored there."
    text = f"{manifest['score_formula'].partition(': ')[2]} A met criterion with negative points takes points away."
    formula = bundle_format.formula
    if formula and not formula.same_as_ours:
        text += f"\n\nThe harness computes another number. {formula.sentence}"
    return text


def _withheld(manifest: dict[str, Any]) -> str:
    if manifest["recipient"]:
        return (
            f"This copy was made for {manifest['recipient']} and holds held-out cases too: do not pass it on."
        )
    if manifest["n_withheld"]:
        return f"{manifest['n_withheld']} held-out cases are withheld; their hashes are in the manifest."
    return "No case is withheld."
