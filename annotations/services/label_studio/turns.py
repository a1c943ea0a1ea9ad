"""One worker's turn at one project: what it talks to, how long it waits, and whom it tells."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from annotations.labelstudio.errors import LabelStudioError
from annotations.labelstudio.ports import LabelStudio
from annotations.models import LabelStudioLogLine, LabelStudioProject
from annotations.services.label_studio.holding import Hold

Tell = Callable[[int, int | None, str], None]
LONGEST_LINE = 1_000


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait before each further try at sending a batch; a server's own wish is heard up to `longest`."""

    delays: Sequence[float] = (0.5, 1.0, 2.0, 4.0)
    longest: float = 30.0
    sleep: Callable[[float], None] = time.sleep

    def wait(self, tries: int, error: LabelStudioError) -> None:
        """Wait after so many failed tries; raises the error when there were enough."""
        if tries > len(self.delays):
            raise error
        asked_for = min(error.retry_after or 0.0, self.longest)
        self.sleep(max(self.delays[tries - 1], asked_for))


@dataclass(slots=True)
class Turn:
    """A project that is held, and the server it is in. `doubtful`: the outcome of some sending was unknown."""

    project: LabelStudioProject
    port: LabelStudio
    hold: Hold
    tell: Tell
    patience: Patience = field(default_factory=Patience)
    doubtful: bool = False

    @property
    def remote_id(self) -> int:
        """The project's number there; only a project that was made is worked at."""
        if self.project.remote_id is None:
            raise LookupError("This project has not been made yet.")
        return self.project.remote_id

    def step(self, done: int, total: int | None, label: str) -> None:
        """Show how far it is and keep the hold; raises when the work must end here."""
        self.hold.renew()
        self.tell(done, total, label)

    def note(self, text: str, *, is_problem: bool = False) -> None:
        """Write a line into the project's log."""
        LabelStudioLogLine.objects.create(
            project=self.project, text=text[:LONGEST_LINE], is_problem=is_problem
        )
