"""Files of C with the functions that CasADi looks for."""
