"""Loop programs as machine code of this machine: compiled, kept on disk, loaded, called from Python."""
