"""Rimlight keeps the person and blurs or replaces everything else, live or in finished clips."""

__version__ = "0.1.0"
