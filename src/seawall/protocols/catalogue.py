"""Every protocol version that there is, by its label."""

