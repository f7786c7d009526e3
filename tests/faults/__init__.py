"""Faults put into everything that can fail, and the room whose every pixel can be told in an output."""
