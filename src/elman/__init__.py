"""Recurrent neural networks, written as their equations."""
