"""Accounts by the million as a table: its columns, the folder it is kept in, and how it is filled."""
