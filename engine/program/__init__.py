"""The program: rules as typed, total, immutable expressions."""
