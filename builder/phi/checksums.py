"""Check digits: they raise the confidence in a number, and their failure vetoes nothing.

Korean resident numbers issued since October 2020 have none, and people mistype numbers that identify them all the same.
"""

from datetime import date

_NHS_WEIGHTS = range(10, 1, -1)
_RESIDENT_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
# The seventh digit tells century and sex; 5 to 8 are foreigners, 9 and 0 were born in the 1800s.
_CENTURIES = {
    **dict.fromkeys("90", 1800),
    **dict.fromkeys("1256", 1900),
    **dict.fromkeys("3478", 2000),
}


def is_nhs_number(digits: str) -> bool:
    """Whether ten digits have the check digit of an NHS number (modulus 11)."""
    if len(digits) != 10:
        return False
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(digits, _NHS_WEIGHTS, strict=False)) % 11
    return (0 if rest == 11 else rest) == int(digits[9])


def has_resident_check_digit(digits: str) -> bool:
    """Whether thirteen digits have the check digit of a Korean resident or foreigner number issued before 2020."""
    if len(digits) != 13:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, _RESIDENT_WEIGHTS, strict=False))
    expected = (11 - total % 11) % 10
    if digits[6] in "5678":
        expected = (expected + 2) % 10
    return expected == int(digits[12])


def resident_birth_date(digits: str) -> date | None:
    """Return the day that the first seven digits of a resident number tell, or None when there is none such."""
    try:
        return date(_CENTURIES[digits[6]] + int(digits[:2]), int(digits[2:4]), int(digits[4:6]))
    except (ValueError, KeyError, IndexError):
        return None
