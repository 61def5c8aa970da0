"""The parts of the benchmark: each measures one thing on a stage and gives a section of lines."""
