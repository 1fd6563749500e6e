"""An order becomes a settled fill: the ports, the bid, the one loop that drives an engine, live and simulated."""
