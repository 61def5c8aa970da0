"""What changes an import: one transaction each."""
