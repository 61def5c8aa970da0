"""The service's settings: read once from the environment (prefix `IMPORTS_`), then passed as data."""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024


class Role(StrEnum):
    """Which parts a process runs."""

    ALL = "all"
    API = "api"
    WORKER = "worker"


class Auth(StrEnum):
    """How callers prove who they are. Only `insecure` is served by this version."""

    INSECURE = "insecure"
    JWT = "jwt"
    MTLS = "mtls"


class Settings(BaseSettings):
    """Every setting with its unit and default. `IMPORTS_DATABASE_URL` sets `database_url`, and so on."""

    model_config = SettingsConfigDict(env_prefix="IMPORTS_", frozen=True, extra="ignore")

    grpc_listen: str = "127.0.0.1:50051"
    admin_listen: str = "127.0.0.1:9090"
    """Where `/healthz` and `/readyz` are answered; port 0 takes a free one, an empty value opens none. One that is
    taken is refused, but for this default: then the process does without."""
    role: Role = Role.ALL
    auth: Auth = Auth.INSECURE
    allow_insecure_listen: bool = False
    """Says in so many words that `insecure` may bind an address that is not loopback."""

    data_dir: Path = Path(".data")
    """Where the embedded parts keep their data."""
    pg_bin: Path | None = None
    """A directory with initdb and postgres, instead of the embedded wheel's."""

    database_url: str | None = None
    listen_url: str | None = None
    """Where to LISTEN when `database_url` goes through a transaction pooler."""
    database_connections: int = Field(default=12, ge=2)

    s3_endpoint_url: str | None = None
    s3_public_endpoint_url: str | None = None
    """What presigned URLs name; the endpoint itself when unset."""
    s3_bucket: str | None = None
    s3_region: str = "us-east-1"

    max_message_bytes: int = Field(default=4 * MIB, ge=64 * 1024)
    max_document_bytes: int = Field(default=8 * 1024 * MIB, ge=1)
    max_inputs: int = Field(default=20_000_000, ge=1)
    max_validate_inputs: int = Field(default=1_000_000, ge=1)
    """The most rows of a rehearsal."""
    max_input_bytes: int = Field(default=MIB, ge=1024)
    """The longest row in bytes; a longer one is a row issue."""
    max_pending_imports: int = Field(default=1_000, ge=1)
    segment_rows: int = Field(default=10_000, ge=1, le=100_000)
    segment_bytes: int = Field(default=4 * MIB, ge=1024)

    lease_seconds: float = Field(default=30.0, gt=0)
    max_attempts: int = Field(default=5, ge=1)
    worker_segments: int = Field(default=2, ge=1, le=2)
    """Units in flight in one process. With the two segments fetched ahead at most four are in memory; a closing holds
    up to three for a moment."""
    max_running_segments: int = Field(default=16, ge=1)
    """Segments of one organization in flight in all processes together, so that whatever it sends leaves workers and
    connections to the others. Its closings are neither counted nor kept waiting."""
    stop_grace_seconds: float = Field(default=20.0, ge=0)
    watch_heartbeat_seconds: float = Field(default=15.0, gt=0)

    retention: timedelta = timedelta(days=30)
    """How long an import is kept after its end; an ISO 8601 duration (`P30D`), like the next one."""
    event_retention: timedelta = timedelta(days=7)
    """How long a token resumes at least: events go by whole days."""

    stop_at: str | None = None
    """For tests only: the checkpoint at which this process stops for ever (`after-fence`, `before-commit:3`)."""

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)
