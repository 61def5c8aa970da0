"""Makes the three services out of the parts of a process."""

from typing import Protocol

from imports_service.checkpoints import Checkpoints
from imports_service.commands.creation import Creation, CreationLimits
from imports_service.domain.registry import Registry
from imports_service.objects.store import Objects
from imports_service.rpc.import_service import ImportService
from imports_service.rpc.resource_service import ResourceService
from imports_service.rpc.resource_type_service import ResourceTypeService
from imports_service.rpc.server import Servicers
from imports_service.settings import Settings
from imports_service.store.database import Database
from imports_service.store.nudges import Nudges
from imports_service.watch.feeds import Feeds


class OpenParts(Protocol):
    """What the composition root has opened and will close."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def objects(self) -> Objects: ...
    @property
    def nudges(self) -> Nudges: ...
    @property
    def registry(self) -> Registry: ...
    @property
    def checkpoints(self) -> Checkpoints: ...


def make_servicers(parts: OpenParts, feeds: Feeds) -> Servicers:
    """The services on these parts."""
    creation = Creation(
        database=parts.database,
        objects=parts.objects,
        nudges=parts.nudges,
        registry=parts.registry,
        checkpoints=parts.checkpoints,
        limits=_limits_of(parts.settings),
    )
    imports = ImportService(
        settings=parts.settings,
        database=parts.database,
        objects=parts.objects,
        nudges=parts.nudges,
        feeds=feeds,
        creation=creation,
    )
    resources = ResourceService(registry=parts.registry, database=parts.database)
    return Servicers(imports, ResourceTypeService(parts.registry), resources)


def _limits_of(settings: Settings) -> CreationLimits:
    return CreationLimits(
        segment_rows=settings.segment_rows,
        segment_bytes=settings.segment_bytes,
        max_inputs=settings.max_inputs,
        max_validate_inputs=settings.max_validate_inputs,
        max_input_bytes=settings.max_input_bytes,
        max_document_bytes=settings.max_document_bytes,
        max_pending_imports=settings.max_pending_imports,
        lease=settings.lease,
    )
