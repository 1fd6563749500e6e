"""Analytics and solvers in float64: they propose and signal, and decide nothing."""
