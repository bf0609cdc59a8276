"""A measure tried on a population before it is imposed: what changes, for whom, from when, and the ways around it."""
