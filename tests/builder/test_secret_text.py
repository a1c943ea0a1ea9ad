"""Tokens of other systems are unreadable without the installation's key, and stay readable while keys change."""

import pytest
from django.test import override_settings

from builder.common import secret_text
from builder.common.secret_text import SecretUnreadable, reveal, seal
from builder.config.checks import keys_worth_their_name

OLD, NEW = "old-key-" + "a" * 32, "new-key-" + "b" * 32
TOKEN = "7ad0e1-비밀"


@override_settings(FIELD_ENCRYPTION_KEYS=[OLD])
def test_a_secret_comes_back_and_is_not_in_what_is_stored() -> None:
    """Two seals of one secret differ, so that equal tokens can't be recognised."""
    first, second = seal(TOKEN), seal(TOKEN)
    assert reveal(first) == reveal(second) == TOKEN
    assert first != second
    assert TOKEN not in first


def test_a_new_key_in_front_still_reads_what_the_old_one_wrote() -> None:
    """And what is written then needs the new one."""
    with override_settings(FIELD_ENCRYPTION_KEYS=[OLD]):
        written_before = seal(TOKEN)
    with override_settings(FIELD_ENCRYPTION_KEYS=[NEW, OLD]):
        assert reveal(written_before) == TOKEN
        written_after = seal(TOKEN)
    with override_settings(FIELD_ENCRYPTION_KEYS=[NEW]):
        assert reveal(written_after) == TOKEN
        with pytest.raises(SecretUnreadable):
            reveal(written_before)


@pytest.mark.parametrize("damage", ["", "nonsense", "gAAAAA", "비밀", "x" * 5000])
@override_settings(FIELD_ENCRYPTION_KEYS=[OLD])
def test_what_nobody_sealed_is_told_in_a_sentence(damage: str) -> None:
    """The sentence says what to do, and carries nothing of what was stored."""
    with pytest.raises(SecretUnreadable) as told:
        reveal(damage)
    assert "FIELD_ENCRYPTION_KEYS" in told.value.message
    assert told.value.__cause__ is None


@override_settings(FIELD_ENCRYPTION_KEYS=[OLD])
def test_a_changed_letter_is_noticed() -> None:
    """Somebody who can write to the database can't make another token of it."""
    sealed = seal(TOKEN)
    middle = len(sealed) // 2
    other = "A" if sealed[middle] != "A" else "B"
    with pytest.raises(SecretUnreadable):
        reveal(sealed[:middle] + other + sealed[middle + 1 :])


def test_without_a_setting_the_key_comes_from_the_secret_key() -> None:
    """An old secret key among the fallbacks still reads."""
    with override_settings(FIELD_ENCRYPTION_KEYS=[], SECRET_KEY=OLD, SECRET_KEY_FALLBACKS=[]):
        sealed = seal(TOKEN)
        assert reveal(sealed) == TOKEN
    with override_settings(FIELD_ENCRYPTION_KEYS=[], SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[OLD]):
        assert secret_text.key_texts() == [NEW, OLD]
        assert reveal(sealed) == TOKEN
    with (
        override_settings(FIELD_ENCRYPTION_KEYS=[], SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[]),
        pytest.raises(SecretUnreadable),
    ):
        reveal(sealed)


@pytest.mark.parametrize(
    ("keys", "told"), [([], 0), ([OLD, NEW], 0), (["short"], 1), ([OLD, ""], 1), (["x" * 31], 1)]
)
def test_a_key_too_short_to_be_one_is_told_at_the_start(keys: list[str], told: int) -> None:
    """By `manage.py check`, before anything is sealed under it."""
    with override_settings(FIELD_ENCRYPTION_KEYS=keys):
        assert [problem.id for problem in keys_worth_their_name()] == ["builder.E003"] * told
