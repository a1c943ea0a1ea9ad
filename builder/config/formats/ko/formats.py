"""How dates read in Korean here: 24-hour time, as wards write it. Django's own `ko` puts 오후 after the hour."""

DATE_FORMAT = "Y년 n월 j일"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "Y년 n월 j일 H:i"
MONTH_DAY_FORMAT = "n월 j일"
SHORT_DATE_FORMAT = "Y.n.j"
SHORT_DATETIME_FORMAT = "Y.n.j H:i"
