"""Prices of operators by synthesis: SystemVerilog to cells, cells to energy, on operands of the committed traces."""
