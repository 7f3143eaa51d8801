"""Generated Python as machine code, without Numba's type inference: builder, translate, assemble, machine."""
