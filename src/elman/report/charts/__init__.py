"""Charts: figures for plotly.js from plain results, one chart a file."""
