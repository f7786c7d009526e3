"""What `rimlight bench` measures, and how it says it."""
