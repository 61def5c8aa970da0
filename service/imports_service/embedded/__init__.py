"""PostgreSQL and an S3 store of our own, for one machine."""
