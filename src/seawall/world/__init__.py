"""Another outside, behind the same ports: prices, blocks, keepers and depth that are simulated."""
