"""Where accounts come from: files of others, the log, or a generator."""
