"""Who has left the half-space: a float64 screen that never misses, over the margin that a protocol states."""
