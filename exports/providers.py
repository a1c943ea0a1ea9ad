"""What this room shows in the rooms to its left."""


def register() -> None:
    """Add this room's providers to the registry."""
