"""What each operation sends and how its reply reads; no I/O, no Popoto."""
