"""One door, apply: events in, orders out, and the state between them."""
