"""Seawall: a liquidation engine that keeps a lending pool or a derivatives exchange solvent."""

__version__ = "0.1.0"
