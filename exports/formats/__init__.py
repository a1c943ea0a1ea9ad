"""Pure formats: how a release leaves, and how answers and verdicts come back."""
