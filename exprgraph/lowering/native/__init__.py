"""Machine code for loop programs: compiled, kept on disk, loaded, and called from Python."""
