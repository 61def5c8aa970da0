"""PostgreSQL: the only package that imports asyncpg. One .sql file a statement, named like its function."""
