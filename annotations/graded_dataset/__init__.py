"""A session's verdicts as files for others: plain values in, bytes out. Knows no rows."""
