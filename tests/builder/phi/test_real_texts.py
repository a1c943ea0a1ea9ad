"""How often the gate fires on texts that nobody here wrote; printed with `pytest -s`. They hold no patients."""

import json
import sys
from pathlib import Path

from builder.importers import read_cases
from builder.phi import find_identifiers, find_in_content


def test_exam_vignettes_seldom_fire(shared_data: Path):
    lines = (shared_data / "medqa" / "phrases_no_exclude_test.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["question"] for line in lines]
    fired = sum(bool(find_identifiers(text)) for text in texts)
    sys.stdout.write(f"\nMedQA: {fired} of {len(texts)} vignettes ({fired / len(texts):.2%})\n")
    assert len(texts) == 1273
    assert fired <= 0.02 * len(texts)


def test_rubrics_and_conversations_seldom_fire(shared_data: Path):
    cases = [
        row.content for row in read_cases(shared_data / "healthbench" / "cases_100.jsonl", "healthbench")
    ]
    criteria = [criterion.criterion for content in cases for criterion in content.rubrics]
    fired = sum(bool(find_identifiers(text)) for text in criteria)
    whole = sum(any(True for _found in find_in_content(content)) for content in cases)
    sys.stdout.write(f"\nHealthBench: {fired} of {len(criteria)} criteria, {whole} of {len(cases)} cases\n")
    assert len(criteria) == 1157
    assert fired <= 0.02 * len(criteria)
    # Some of its conversations name a doctor or a client, which is what the gate is for.
    assert whole <= 10
