"""What each operation costs, beside the floor, Popoto's own fields and others.

``python -m benchmarks --quick`` for two minutes, ``python -m benchmarks`` for the whole table.
"""
