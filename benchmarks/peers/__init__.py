"""What others do with the same rows, run by the Python of `.venv-peers`: nothing of theirs is installed beside ours.

Each is a process that prints one line of JSON, {"seconds": .., "rows": ..}: from the file to the commit, without
the time that its libraries take to load.
"""
