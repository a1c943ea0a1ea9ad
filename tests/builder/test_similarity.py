"""Likeness of texts in any script."""

import random

import numpy as np
import pytest

from builder.similarity import SKETCH_BYTES, alike, estimated, normalised, shingles, similarity, sketches_of

UNRELATED = {
    "ko": ("환자는 어제부터 가슴이 아프다고 한다.", "보호자는 아이의 예방접종 일정을 묻는다."),
    "zh": ("建议立即进行头部CT检查。", "询问患者是否对青霉素过敏。"),
    "ja": ("ただちに頭部CTを勧める。", "ペニシリンのアレルギーを尋ねる。"),
    "ar": ("يوصي بالراحة وشرب السوائل", "يسأل عن الحساسية للبنسلين"),
    "ru": ("Рекомендует срочную КТ головы.", "Спрашивает об аллергии на пенициллин."),
    "en": ("Recommends an urgent CT scan of the head.", "Asks about allergy to penicillin."),
}


def likeness(one: str, other: str) -> float:
    return similarity(shingles(one), shingles(other))


@pytest.mark.parametrize("language", UNRELATED)
def test_unrelated_texts_share_little_and_equal_ones_everything(language: str) -> None:
    one, other = UNRELATED[language]
    assert likeness(one, other) < 0.2
    assert likeness(one, one) == 1
    assert likeness(one, f"  {one.upper()} !") == 1
    assert likeness(one, one + one[: len(one) // 10]) > 0.8


def test_pairs_of_hangul_by_hand() -> None:
    """가나다 has the pairs 가나, 나다; 가나라 has 가나, 나라: one of three is shared."""
    assert likeness("가나다", "가나라") == pytest.approx(1 / 3)
    assert likeness("가 나-다", "가나다") == 1


def test_runs_of_four_by_hand() -> None:
    """abcde has abcd, bcde; abcdf has abcd, bcdf: one of three. A text shorter than a run is one run of its own."""
    assert likeness("abcde", "abcdf") == pytest.approx(1 / 3)
    assert likeness("ab", "ab") == 1
    assert likeness("ab", "ac") == 0
    assert likeness("가", "가") == 1


def test_decomposed_and_full_width_are_the_same() -> None:
    assert normalised("ＥＣＧ １２") == "ecg12"
    assert (
        likeness(
            "항생제를 권고한다", "\u1112\u1161\u11bc\u1109\u1162\u11bc\u110c\u1166\u1105\u1173\u11af 권고한다"
        )
        == 1
    )


@pytest.mark.parametrize("empty", ["", "…", " \n", "\u200b"])
def test_texts_without_letters_are_like_nothing(empty: str) -> None:
    assert likeness(empty, empty) == 0
    assert not sketches_of([empty]).any()


def test_a_sketch_does_not_depend_on_its_company() -> None:
    texts = [f"Recommends step number {number} of the plan." for number in range(500)]
    together = sketches_of(texts)
    assert together.shape == (500, SKETCH_BYTES) and together.dtype == np.uint8
    for place in (0, 17, 499):
        assert (together[place] == sketches_of([texts[place]])[0]).all()
    assert sketches_of([]).shape == (0, SKETCH_BYTES)


def test_a_sketch_is_the_same_for_ever() -> None:
    """Stored sketches are compared with new ones, so a new version must not draw others."""
    assert bytes(sketches_of(["Asks about allergies."])[0, :8]).hex() == "3ce1543310019c93"


def test_estimates_are_near_the_truth() -> None:
    """The estimate of 64 bytes has a standard error of at most 0.0625; the mean of 300 is well within 0.02."""
    rng = random.Random(0)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(400)]
    errors = []
    for _ in range(300):
        one = rng.sample(words, 20)
        other = one[: rng.randint(0, 20)] + rng.sample(words, 5)
        pair = [" ".join(one), " ".join(other)]
        sketches = sketches_of(pair)
        errors.append(float(estimated(sketches[:1], sketches[1:])[0, 0]) - likeness(*pair))
    assert abs(np.mean(errors)) < 0.02
    assert np.std(errors) < 0.07


def test_bands_find_what_is_alike() -> None:
    """Of pairs that share 80 % or more at least 99 in 100 share a band; of unrelated ones at most 5."""
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(2_000)]
    found, lost, strangers = 0, 0, 0
    for _ in range(300):
        one = rng.sample(words, 30)
        near = [*one[:-1], rng.choice(words)]
        far = rng.sample(words, 30)
        sketches = sketches_of([" ".join(one), " ".join(near), " ".join(far)])
        if likeness(" ".join(one), " ".join(near)) >= 0.8:
            hit = bool(alike(sketches[1:2], sketches[:1])[0])
            found, lost = found + hit, lost + (not hit)
        strangers += bool(alike(sketches[2:], sketches[:1])[0])
    assert found + lost >= 250
    assert lost <= 0.01 * (found + lost)
    assert strangers <= 0.05 * 300
