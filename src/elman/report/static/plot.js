// Figures: from plain data to a drawing in the colours of the page.

const root = document.documentElement;
// A dollar sign in a name is no formula.
const config = { displaylogo: false, displayModeBar: false, responsive: true, typesetMath: false };

// A figure names its colours, var(--name), so that one figure serves light, dark and paper.
function color(name) {
  return getComputedStyle(root).getPropertyValue(name.slice(4, -1)).trim();
}

// plotly.js reads tags and entities in names and titles as markup; ours are plain text.
function plain(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function prepare(value, key = "") {
  if (Array.isArray(value)) return value.map((part) => prepare(part, key));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, prepare(part, name)]));
  }
  if (typeof value !== "string") return value;
  if (/color$/i.test(key) && value.startsWith("var(")) return color(value);
  return ["name", "text", "ticktext"].includes(key) ? plain(value) : value;
}

function commonLayout() {
  const isTouch = matchMedia("(pointer: coarse)").matches;
  const axis = {
    automargin: true, zeroline: false, gridcolor: "var(--line)", linecolor: "var(--muted)",
    separatethousands: true, exponentformat: "none", title: { standoff: 8, font: { color: "var(--muted)", size: 13 } },
  };
  return {
    autosize: true,
    dragmode: isTouch ? false : "zoom", // a finger that drags wants to scroll the page
    margin: { l: 8, r: 12, t: 12, b: 8, pad: 2 },
    paper_bgcolor: "var(--surface)",
    plot_bgcolor: "var(--surface)",
    font: { family: "system-ui, sans-serif", size: 12, color: "var(--text)" },
    hoverlabel: { namelength: -1, bgcolor: "var(--surface)", font: { color: "var(--text)" } },
    showlegend: false,
    template: { layout: { xaxis: axis, yaxis: axis } },
  };
}

// `visible` maps the names of traces that a reader has shown or hidden.
function draw(plot, figure, visible) {
  const layout = prepare({ ...commonLayout(), ...figure.layout });
  const traces = figure.data.map((trace) => ({ ...trace, visible: isVisible(trace, visible) }));
  Plotly.react(plot, prepare(traces), layout, config);
}

function isVisible(trace, visible) {
  return visible.get(trace.name) ?? trace.visible ?? true;
}
