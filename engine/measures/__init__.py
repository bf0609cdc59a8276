"""Places, and special measures as of a day (7.307)."""
