"""A path tracer in numpy and the rooms it renders. Only the tools use it."""
