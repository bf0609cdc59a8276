"""Accounts by the million: read from files, from the log, or generated; kept as columns, decided by others."""
