"use strict";
// Draw each figure into the box before it; a page without scripts still has every table.
for (const island of document.querySelectorAll("script.figure")) {
  const figure = JSON.parse(island.textContent);
  if (window.innerWidth < 640) {
    figure.layout.margin.r = 24;
    figure.layout.annotations = (figure.layout.annotations || []).map((a) => a.xshift ? { ...a, xanchor: "right", xshift: 18, yshift: 10 } : a);
  }
  Plotly.newPlot(island.previousElementSibling, figure.data, figure.layout, { displayModeBar: false, responsive: true });
}
// A link into a closed list or ticket opens it.
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
}
window.addEventListener("hashchange", openTarget);
openTarget();
