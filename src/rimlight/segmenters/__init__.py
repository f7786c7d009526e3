"""Models that find the person: one file per runtime."""
