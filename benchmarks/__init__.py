"""What the service costs, beside what the same would cost without it: run by `make bench`, as ratios in one run."""

import os

# Read when grpc is imported: processes are started from here, and children say what matters themselves.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
