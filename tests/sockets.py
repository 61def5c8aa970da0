"""What SeaweedFS leaves in /tmp when it is killed together with its owner, named by its ports."""

import json
from pathlib import Path


def sockets_of(data_dir: Path) -> list[Path]:
    """Those of the store on `data_dir` only: other stores run on this machine meanwhile."""
    kept = data_dir / "objects" / "kept.json"
    if not kept.exists():
        return []
    ports = json.loads(kept.read_text())["ports"].values()
    return [path for port in ports for path in Path("/tmp").glob(f"seaweedfs-*-grpc-{port + 10_000}.sock")]


def remove_sockets(data_dir: Path) -> None:
    for path in sockets_of(data_dir):
        path.unlink(missing_ok=True)
