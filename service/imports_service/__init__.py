"""The Imports service, from the wire down. Dependencies point down only; import-linter checks it.

__main__   the command line: serve, migrate, distribute
app        composition root: the outer ring (pool, store, listener) and the inner ring (server, workers)
rpc        gRPC: servicers, conversion, the boundary where errors become statuses
worker     claims units of work, runs segments and closings, keeps house
commands   create, update, interrupt, delete: one transaction each
watch      an import's events and progress as a stream
pipeline   documents to segments and back: splitting, the segment file, the files at the end
store      PostgreSQL: the only package that imports asyncpg; one .sql file a statement
objects    S3: the only package that imports aiobotocore
domain     the rules of imports and rows: pure, no I/O, no clock
embedded   PostgreSQL and an S3 store under our own supervisor
settings   what can be set, with units and defaults; beside it checkpoints, logs and ids
"""
