"""What is put behind the person."""
