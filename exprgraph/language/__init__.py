"""The language of users: from operands to nodes."""
