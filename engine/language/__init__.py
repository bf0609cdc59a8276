"""Rule files as text: positions, YAML, CEL and the mistakes in them."""
