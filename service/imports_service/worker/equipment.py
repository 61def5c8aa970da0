"""What every part of a worker works with: opened by the composition root, closed by it."""

from dataclasses import dataclass, field

from imports_service.checkpoints import Checkpoints
from imports_service.domain.registry import Registry
from imports_service.domain.shapes import Shapes
from imports_service.objects.store import Objects
from imports_service.pulse import Pulse
from imports_service.settings import Settings
from imports_service.store.database import Database
from imports_service.store.nudges import Nudges


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """The database and the object store, the nudges, the compiled registry, and the settings.

    `worker` names this process in leases and, as application_name, on each of its database connections. `pulse` is what
    the claims of its units meet.
    """

    worker: str
    settings: Settings
    database: Database
    objects: Objects
    nudges: Nudges
    registry: Registry
    shapes: Shapes
    checkpoints: Checkpoints
    pulse: Pulse = field(default_factory=lambda: Pulse("worker"))
