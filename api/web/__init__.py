"""Pages for people: rendered on the server, readable without a script, loading nothing from another host."""
