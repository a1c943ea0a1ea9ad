"""The word diff: readable, complete, and as good in Korean."""

import pytest

from builder.diff import Piece, pair_up, word_diff


def marked(old: str, new: str) -> str:
    signs = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return "".join(signs[piece.kind].format(piece.text) for piece in word_diff(old, new))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "She is 8, and coughing.",
            "She is 9, and hoarse.",
            "She is [-8-]{+9+}, and [-coughing-]{+hoarse+}.",
        ),
        ("one two three", "one four five three", "one [-two-]{+four five+} three"),
        (
            "환자가 집에서 기다린다.",
            "환자는 집에서 바로 온다.",
            "[-환자가-]{+환자는+} 집에서 [-기다린다-]{+바로 온다+}.",
        ),
        ("患者は待つ", "患者は来る", "患者は[-待つ-]{+来る+}"),
        ("病人应该等待", "病人必须等待", "病人[-应该-]{+必须+}等待"),
        ("胸が痛い。がく", "胸が苦しい。かく", "胸が[-痛-]{+苦し+}い。[-が-]{+か+}く"),
        ("المريض ينتظر هنا", "المريض يذهب هنا", "المريض [-ينتظر-]{+يذهب+} هنا"),
        ("إنَّ المريضَ بخير", "إنَّ المريضُ بخير", "إنَّ [-المريضَ-]{+المريضُ+} بخير"),
        ("החולה מחכה", "החולה הולך", "החולה [-מחכה-]{+הולך+}"),
        ("ผู้ป่วยรอ", "ผู้ป่วยมา", "ผู้ป่วย[-รอ-]{+มา+}"),
        ("रोगी घर पर", "रोगी अस्पताल पर", "रोगी [-घर-]{+अस्पताल+} पर"),
        ("cafe\u0301 noir", "cafe\u0301s noir", "[-cafe\u0301-]{+cafe\u0301s+} noir"),
        ("👍🏽 ok", "👍🏿 ok", "[-👍🏽-]{+👍🏿+} ok"),
        ("👨\u200d👩\u200d👧 a", "👨\u200d👩\u200d👦 a", "[-👨\u200d👩\u200d👧-]{+👨\u200d👩\u200d👦+} a"),
        ("", "New", "{+New+}"),
        ("Gone", "", "[-Gone-]"),
    ],
)
def test_changed_words_are_marked(old: str, new: str, expected: str) -> None:
    assert marked(old, new) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a\nb  c\td", "a b c d e"),
        ("The same", "The same"),
        ("가 나 다", "나 다 라\n마"),
        ("x " * 500, "x " * 300 + "y " * 300),
        ("<b>&amp;</b>", "<i>&amp;</i> \r\n"),
    ],
)
def test_pieces_hold_both_texts_whole(old: str, new: str) -> None:
    pieces = word_diff(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == old
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == new


def test_equal_texts_have_one_piece() -> None:
    assert word_diff("Same words here.", "Same words here.") == [Piece("same", "Same words here.")]


def test_items_find_their_edited_and_moved_counterparts() -> None:
    old = ["Asks for an ECG.", "Tells the patient to wait at home.", "Names the drug."]
    new = ["Names the drug.", "Tells the patient to wait at home today.", "Something else entirely now"]
    assert pair_up(old, new) == [(2, 0), (1, 1), (None, 2), (0, None)]
