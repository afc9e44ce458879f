"""psarecon: plan, review and apply per-seat billing quantities and costs in a PSA."""

__version__ = "0.1.0"
