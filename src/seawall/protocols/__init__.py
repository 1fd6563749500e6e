"""Real protocols, one version each, composed from rules and rounded as their contracts round."""
