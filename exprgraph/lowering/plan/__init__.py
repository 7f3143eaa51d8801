"""From nodes to loop programs: when and in which loops values are computed, and where they are stored."""
