"""Recurrences as machine code for the CPU: LLVM text from the plan of a cell, built and run with llvmlite."""
