"""The outside world: gRPC servicers and the boundary."""
