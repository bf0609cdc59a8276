"""One blueprint for each group of routes."""
