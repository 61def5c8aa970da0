"""PostgreSQL and an S3 store of our own, for one machine: loopback only, one owner a data directory."""
