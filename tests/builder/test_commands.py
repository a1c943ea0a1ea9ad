"""What every command promises: help in plain words, and one sentence instead of a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

ROOT = Path(__file__).parents[2]
OURS = sorted(name for name, app in get_commands().items() if app in ("builder", "exports", "annotations"))


@pytest.mark.parametrize("name", OURS)
def test_help_says_what_the_command_does(name: str) -> None:
    command = load_command_class(get_commands()[name], name)
    said = command.create_parser("manage.py", name).format_help()
    assert "%%" not in said
    assert command.help
    assert command.help in " ".join(said.split())


@pytest.mark.parametrize(
    ("database", "command", "sentence"),
    [
        ("sqlite:///{scratch}/absent/x.sqlite3", "score", "The database can't be used: unable to open"),
        ("sqlite:///{scratch}/absent/x.sqlite3", "migrate", "The database can't be used: unable to open"),
        ("sqlite:///{scratch}/empty.sqlite3", "score", "needs: python manage.py migrate"),
        ("mysql://somebody@127.0.0.1/x", "score", "The settings can't be used: DATABASE_URL is an address"),
    ],
    ids=["no folder", "no folder to migrate in", "no tables", "another engine"],
)
def test_unusable_database_ends_in_a_sentence(
    tmp_path: Path, database: str, command: str, sentence: str
) -> None:
    words = [command, "m1"] if command == "score" else [command]
    ended = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database.format(scratch=tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert sentence in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
