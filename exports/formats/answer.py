#!/usr/bin/env python3
"""Let a model answer the cases of this bundle, with nothing but Python's standard library (3.8 or newer).

    python3 answer.py --mock
    python3 answer.py --base-url https://HOST/v1 --model MODEL

The first line asks nobody: it writes a fixed answer to each case, to try out the way home. The second asks an
OpenAI-compatible endpoint for each case; the key comes from the environment variable OPENAI_API_KEY, if one is needed.
Answers go to responses.jsonl, one line each. Run it again to go on where it stopped.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
Turns = list[dict[str, str]]


class Refused(Exception):
    """The endpoint gave no answer; the message says why."""


def ask(base_url: str, model: str, prompt: Turns, timeout: float) -> str:
    """Return the endpoint's answer to the conversation."""
    address = urlsplit(base_url.rstrip("/") + "/chat/completions")
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    if address.scheme not in kinds or not address.hostname:
        raise Refused(f"{base_url} is not the address of an endpoint, such as https://HOST/v1.")
    headers = {"Content-Type": "application/json"}
    if os.environ.get("OPENAI_API_KEY"):
        headers["Authorization"] = "Bearer " + os.environ["OPENAI_API_KEY"]
    connection = kinds[address.scheme](address.hostname, address.port, timeout=timeout)
    try:
        body = json.dumps({"model": model, "messages": prompt}).encode("utf-8")
        connection.request("POST", address.path, body, headers)
        reply = connection.getresponse()
        text = reply.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise Refused(f"The endpoint can't be reached: {error}.") from error
    finally:
        connection.close()
    if reply.status != 200:
        raise Refused(f"The endpoint answered {reply.status}: {text[:200]}")
    try:
        return str(json.loads(text)["choices"][0]["message"]["content"] or "")
    except (ValueError, KeyError, IndexError, TypeError):
        raise Refused(f"The endpoint's answer was not understood: {text[:200]}") from None


def cases(data: Path) -> Iterator[tuple[str, Turns]]:
    """Yield each case's prompt_id and conversation."""
    with data.open(encoding="utf-8", newline="\n") as source:
        for line in source:
            row = json.loads(line)
            yield row["prompt_id"], row["prompt"]


def answered(target: Path) -> set[str]:
    """Return the cases that have an answer already; a half-written last line is cut off."""
    if not target.exists():
        return set()
    whole = target.read_bytes()
    kept = whole[: whole.rfind(b"\n") + 1]
    if kept != whole:
        target.write_bytes(kept)
    return {json.loads(line)["prompt_id"] for line in kept.decode("utf-8").split("\n") if line}


def main(arguments: list[str] | None = None) -> int:
    """Answer what isn't answered yet, say how many, return the exit code."""
    parser = argparse.ArgumentParser(description="Let a model answer the cases of this bundle.")
    parser.add_argument("--mock", action="store_true", help="write a fixed answer; ask nobody")
    parser.add_argument(
        "--base-url", default="", help="an OpenAI-compatible endpoint, such as https://HOST/v1"
    )
    parser.add_argument("--model", default="", help="the model's name at that endpoint")
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS")
    parser.add_argument("--out", type=Path, default=Path("responses.jsonl"), metavar="FILE")
    options = parser.parse_args(arguments)
    if not options.mock and not (options.base_url and options.model):
        parser.error("give --mock, or --base-url and --model")
    manifest = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))
    done, count = answered(options.out), 0
    with options.out.open("a", encoding="utf-8", newline="\n") as target:
        for prompt_id, prompt in cases(HERE / manifest["data_file"]):
            if prompt_id in done:
                continue
            try:
                text = (
                    "This is a mock answer."
                    if options.mock
                    else ask(options.base_url, options.model, prompt, options.timeout)
                )
            except Refused as refused:
                sys.stderr.write(f"{prompt_id}: {refused} {count} answers were written; run it again.\n")
                return 1
            line = {"prompt_id": prompt_id, "epoch": 1, "completion": text}
            target.write(json.dumps(line, ensure_ascii=False) + "\n")
            target.flush()
            count += 1
    sys.stdout.write(f"Wrote {count} answers to {options.out}; {len(done)} were there already.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
