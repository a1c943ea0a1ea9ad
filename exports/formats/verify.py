#!/usr/bin/env python3
"""Verify this bundle: every byte of every file, and every case against the hashes of its release.

    python3 -I verify.py [DIR] [--expect RELEASE_SHA256]

DIR is the folder of this file by default. Exit code 0 and "OK: …" when everything is as it was exported; 1, with
the file and the place of each damage, when not. It needs Python 3.8 or newer and nothing else.

Whoever can rewrite every file can also make them agree with each other. What they can't do is keep the release's
hash: compare it with the one on the release's page, or pass it as --expect.

Each case's hash is taken of the whole case. A bundle in the canonical format proves every case by it. In any other
format, and without the rubric, the files and the order of the cases are proven, the words of each case are not.
"""

import argparse
import hashlib
import json
import sys
import uuid
from pathlib import Path

MANIFEST, SCRIPT = "manifest.json", "verify.py"
CANARY_NAMESPACE = uuid.UUID("6b1c7f2e-93f4-5d0a-8f55-2f6d3c1f9a47")
_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_SHORT = (
    8  # hexadecimal digits of a line's hash: enough to find the place, the whole file's hash does the proving
)


class Damaged(Exception):
    """The bundle is not what was exported; `problems` holds one sentence for each damage."""

    def __init__(self, problems):
        super().__init__("\n".join(problems))
        self.problems = list(problems)


def check(directory, expect=""):
    """Return one sentence that says what is whole; raise Damaged for anything that isn't."""
    directory = Path(directory)
    manifest = read_manifest(directory)
    try:
        problems = _release_problems(manifest, expect)
        problems += _file_problems(directory, manifest)
        if not problems:
            problems = _row_problems(directory, manifest)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        problems = [MANIFEST + ": the manifest lacks something that every bundle has."]
    if problems:
        raise Damaged(problems)
    sentence = (
        "OK: %s==%s (%s, %s), %d cases here and %d withheld; all %d files are as exported. Release sha256 %s"
        % (
            manifest["name"], manifest["version"], manifest["stage"], manifest["format"], manifest["n_items"],
            manifest["n_withheld"], len(manifest["files"]) + 1, manifest["release_sha256"],
        )
    )  # fmt: skip
    if manifest.get("prompts_only"):
        sentence += ". Prompts only: without the rubric it can't be proven that the prompts are the release's own words"
    return sentence


def canonical(value):
    """Return the one JSON text of a value: sorted keys, no spaces, raw Unicode."""
    return _ENCODER.encode(value)


def digest(text):
    """Return the SHA-256 of a text in UTF-8, in hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def canary_of(release_sha256, format_name, recipient, prompts_only=False):
    """Return the canary of a bundle: the same release, format and recipient give the same one.

    A bundle without the rubric has another one than the bundle with it, so that a leak tells which of them it was.
    """
    parts = [release_sha256, format_name, recipient] + (["prompts-only"] if prompts_only else [])
    return str(uuid.uuid5(CANARY_NAMESPACE, canonical(parts)))


def manifest_text(manifest):
    """Return the one text of a manifest, with the hashes of its parts and of itself."""
    body = {key: value for key, value in manifest.items() if key not in ("part_sha256", "manifest_sha256")}
    body["part_sha256"] = {key: digest(canonical(value)) for key, value in body.items()}
    body["manifest_sha256"] = digest(canonical(body))
    return _spelled(body)


def _spelled(body):
    if body.get("schema") == "clinwright-bundle/1":
        return json.dumps(body, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    return _opened(body, 3, "") + "\n"


def _opened(value, levels, indent):
    """Spell a value with a line for each part of its outer levels, so that a large manifest can be read and diffed."""
    deeper = indent + " "
    if levels and value and isinstance(value, dict):
        parts = [
            "%s%s: %s" % (deeper, _ENCODER.encode(key), _opened(value[key], levels - 1, deeper))
            for key in sorted(value)
        ]
        return "{\n%s\n%s}" % (",\n".join(parts), indent)
    if levels and value and isinstance(value, list):
        return "[\n%s\n%s]" % (",\n".join(deeper + _ENCODER.encode(each) for each in value), indent)
    return _ENCODER.encode(value)


def describe_file(path):
    """Return a file's size, SHA-256 and the short hash of each of its lines, which tells where a change is."""
    whole, size, lines = hashlib.sha256(), 0, []
    with open(str(path), "rb") as source:
        for line in source:
            whole.update(line)
            size += len(line)
            lines.append(hashlib.sha256(line).hexdigest()[:_SHORT])
    return {"bytes": size, "sha256": whole.hexdigest(), "lines": " ".join(lines)}


def row_hash(row):
    """Return the hash of a canonical row without what the exporter added to it."""
    added = set(row.get("added", ())) | {"added"}
    return digest(canonical({key: value for key, value in row.items() if key not in added}))


def read_manifest(directory):
    """Return the manifest; raise Damaged when it is absent or a byte of it was changed."""
    try:
        raw = (Path(directory) / MANIFEST).read_bytes()
    except OSError as error:
        raise Damaged(["%s can't be read: %s." % (MANIFEST, error.strerror or error)])
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Damaged(["%s, line %d: not valid UTF-8 at byte %d." % (MANIFEST, line, error.start + 1)])
    try:
        manifest = json.loads(text)
        if not isinstance(manifest, dict):
            raise Damaged([MANIFEST + ": a JSON object was expected."])
        again = _spelled(manifest)
    except json.JSONDecodeError as error:
        raise Damaged(["%s, line %d: bad JSON (%s)." % (MANIFEST, error.lineno, error.msg)])
    except (ValueError, RecursionError) as error:
        raise Damaged(["%s: not the JSON of a manifest (%s)." % (MANIFEST, error)])
    if again != text:
        line = _first_difference(text, again)
        raise Damaged(["%s, line %d: the text was changed." % (MANIFEST, line)])
    _check_own_hash(manifest, text)
    return manifest


def _check_own_hash(manifest, text):
    body = {key: value for key, value in manifest.items() if key != "manifest_sha256"}
    if manifest.get("manifest_sha256") == digest(canonical(body)):
        return
    parts = body.pop("part_sha256", None)
    parts = parts if isinstance(parts, dict) else {}
    changed = [key for key in sorted(set(body) | set(parts)) if _part_differs(body, parts, key)]
    if not changed:
        changed = ["manifest_sha256"]
    raise Damaged(
        [
            "%s, from line %d: %s or its hash was changed." % (MANIFEST, _line_of(text, key), json.dumps(key))
            for key in changed
        ]
    )


def _part_differs(body, parts, key):
    return key not in body or parts.get(key) != digest(canonical(body[key]))


def _line_of(text, key):
    before, found, _rest = text.partition("\n %s:" % json.dumps(key, ensure_ascii=False))
    return before.count("\n") + 2 if found else 1


def _first_difference(one, other):
    ours, theirs = one.split("\n"), other.split("\n")
    for number, (left, right) in enumerate(zip(ours, theirs), 1):
        if left != right:
            return number
    return min(len(ours), len(theirs))


def _release_problems(manifest, expect):
    problems = []
    if digest(canonical(manifest["release"])) != manifest["release_sha256"]:
        problems.append(MANIFEST + ": the release inside has another hash than release_sha256 says.")
    if expect and expect.lower() != manifest["release_sha256"]:
        problems.append(
            "%s: this bundle is of the release with sha256 %s, not of the one you expect."
            % (MANIFEST, manifest["release_sha256"])
        )
    canary = canary_of(
        manifest["release_sha256"],
        manifest["format"],
        manifest["recipient"],
        manifest.get("prompts_only", False),
    )
    if manifest["canary"] != canary:
        problems.append(MANIFEST + ": the canary is not the one of this release, format and recipient.")
    return problems


def _file_problems(directory, manifest):
    listed = {entry["path"]: entry for entry in manifest["files"]}
    present = {path.relative_to(directory).as_posix(): path for path in sorted(directory.rglob("*"))}
    problems = []
    for name in sorted(set(listed) | set(present) - {MANIFEST}):
        path = present.get(name)
        if path is None:
            problems.append(name + ": the file is missing.")
        elif path.is_symlink() or (name in listed and not path.is_file()):
            problems.append(name + ": a link or a folder stands where a file was exported.")
        elif name in listed:
            try:
                problems += _changes_in(name, path, listed[name])
            except OSError as error:
                problems.append("%s can't be read: %s." % (name, error.strerror or error))
        elif not path.is_dir():
            problems.append(name + ": this file is not part of the bundle.")
    return problems


def _changes_in(name, path, entry):
    found = describe_file(path)
    if found["sha256"] == entry["sha256"] and found["bytes"] == entry["bytes"]:
        return []
    ours, theirs = found["lines"].split(), entry["lines"].split()
    number = next((index for index, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]), None)
    if number is None:
        number = min(len(ours), len(theirs))
        what = "lines were added" if len(ours) > len(theirs) else "lines are missing"
        return [
            "%s, line %d: %s (%d bytes, not %d)." % (name, number + 1, what, found["bytes"], entry["bytes"])
        ]
    start, end = _bytes_of_line(path, number)
    return ["%s, line %d: changed (within bytes %d to %d)." % (name, number + 1, start + 1, end)]


def _bytes_of_line(path, number):
    start = 0
    with open(str(path), "rb") as source:
        for index, line in enumerate(source):
            if index == number:
                return start, start + len(line)
            start += len(line)
    return start, start


def _row_problems(directory, manifest):
    name = manifest["data_file"]
    if not name.endswith(".jsonl"):  # a workbook has no lines to compare; its hash has been compared
        return []
    id_path = manifest.get("id_path", ["prompt_id"])
    whole = manifest["format"] == "canonical" and not manifest.get("prompts_only")
    items = manifest["release"]["items"]
    expected = [item for item in items if manifest["recipient"] or item["split"] == "public"]
    problems = []
    rows = 0
    with open(str(directory / name), encoding="utf-8", newline="\n") as source:
        for number, line in enumerate(source, 1):
            rows += 1
            row = json.loads(line)
            item = expected[number - 1] if number <= len(expected) else None
            if item is None or _at(row, id_path) != item["prompt_id"]:
                problems.append("%s, line %d: this case is not the release's next one." % (name, number))
                break
            if whole and row_hash(row) != item["sha256"]:
                problems.append("%s, line %d: %s is not as released." % (name, number, row["prompt_id"]))
    if not problems and not rows == len(expected) == manifest["n_items"]:
        problems.append("%s: %d cases were expected, not %d." % (name, len(expected), rows))
    return problems


def _at(row, path):
    for key in path:
        row = row[key]
    return row


def main(arguments=None):
    """Check the bundle, say the result, return the exit code."""
    parser = argparse.ArgumentParser(description="Verify a bundle: every byte of every file.")
    parser.add_argument("directory", nargs="?", metavar="DIR", default=str(Path(__file__).resolve().parent))
    parser.add_argument(
        "--expect", default="", metavar="RELEASE_SHA256", help="the hash on the release's page"
    )
    options = parser.parse_args(arguments)
    try:
        print(check(options.directory, options.expect))
    except Damaged as damaged:
        for problem in damaged.problems:
            print("DAMAGED: " + problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
