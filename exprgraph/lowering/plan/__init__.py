"""From nodes to loop programs: what is computed when, where it lies, and in which loops."""
