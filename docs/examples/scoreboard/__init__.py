"""Published problems, solved with the package and measured beside the published errors."""
