// What a reader can choose above a chart: which figure, and which of its traces.

// A view is a figure, or a choice whose options lead to further views.
function offer(view, host, show) {
  host.replaceChildren();
  if (!view.choice) return show(view);
  const select = document.createElement("select");
  view.options.forEach(([text]) => select.add(new Option(text)));
  select.selectedIndex = view.start;
  const label = document.createElement("label");
  label.append(view.choice, select);
  const rest = document.createElement("span");
  const update = () => offer(view.options[select.selectedIndex][1], rest, show);
  select.addEventListener("change", update);
  host.append(label, rest);
  update();
}

// plotly.js has a legend, but this one wraps on a narrow page and answers to the keyboard.
function legend(figure, visible, host, redraw) {
  const entries = figure.data.filter((trace) => trace.showlegend !== false);
  entries.sort((a, b) => (a.legendrank ?? 1000) - (b.legendrank ?? 1000));
  host.replaceChildren(...entries.map((trace) => entry(trace, visible, redraw)));
}

function entry(trace, visible, redraw) {
  const button = document.createElement("button");
  const press = () => button.setAttribute("aria-pressed", isVisible(trace, visible));
  button.type = "button";
  button.append(swatch(trace), trace.name);
  button.addEventListener("click", () => {
    visible.set(trace.name, !isVisible(trace, visible));
    press();
    redraw();
  });
  press();
  return button;
}

function swatch(trace) {
  const sample = shape("svg", { viewBox: "0 0 28 12", width: 28, height: 12, "aria-hidden": "true" });
  const { color, width, dash } = trace.line ?? {};
  const dashes = dash === "solid" ? "none" : dash;
  if (trace.fill) sample.append(shape("rect", { width: 28, height: 12, fill: trace.fillcolor }));
  else if (trace.mode.includes("lines")) {
    sample.append(shape("path", { d: "M0 6H28", stroke: color, "stroke-width": width, "stroke-dasharray": dashes }));
  }
  if (trace.marker) sample.append(mark(trace.marker));
  return sample;
}

function mark({ symbol = "circle", color }) {
  const fill = symbol.endsWith("-open") ? "var(--surface)" : color;
  const outline = symbol.startsWith("diamond") ? "M14 0L20 6L14 12L8 6Z" : "M10 6a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z";
  return shape("path", { d: outline, fill, stroke: color });
}

function shape(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    // Only a style, not an attribute, may name a colour of the style sheet.
    if (name === "fill" || name === "stroke") node.style.setProperty(name, value);
    else node.setAttribute(name, value);
  }
  return node;
}
