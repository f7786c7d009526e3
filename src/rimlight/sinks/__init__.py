"""Where outputs go: one file per outside thing."""
