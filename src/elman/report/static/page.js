// Unpacks the figures and the drawing code that travel in the page, and draws every chart.

const redraws = new Map();

async function unpack(id) {
  if (typeof DecompressionStream === "undefined") {
    throw new Error("this browser cannot unpack them (it lacks DecompressionStream)");
  }
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

function chart(slug, view) {
  const plot = document.getElementById(`chart-${slug}`);
  const [choices, entries] = plot.parentElement.querySelectorAll(".choices, .legend");
  const visible = new Map();
  offer(view, choices, (figure) => {
    const redraw = () => draw(plot, figure, visible);
    redraws.set(slug, redraw);
    legend(figure, visible, entries, redraw);
    redraw();
  });
}

function redrawAll() {
  redraws.forEach((redraw) => redraw());
}

function paper(isPaper) {
  root.classList.toggle("paper", isPaper);
  redrawAll();
}

async function main() {
  root.classList.add("scripted");
  const figures = JSON.parse(await unpack("figures"));
  const library = document.createElement("script");
  library.textContent = await unpack("plotly");
  document.head.append(library);
  Object.entries(figures).forEach(([slug, view]) => chart(slug, view));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
  addEventListener("beforeprint", () => paper(true));
  addEventListener("afterprint", () => paper(false));
  root.dataset.charts = "drawn";
}

main().catch((error) => {
  root.classList.remove("scripted");
  const notice = document.getElementById("notice");
  notice.textContent = `The charts could not be drawn: ${error.message}. The tables hold without them.`;
  notice.hidden = false;
  console.error(error);
});
