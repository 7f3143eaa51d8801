"""From a loss to trained parameters."""
