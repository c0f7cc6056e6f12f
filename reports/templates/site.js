"use strict";
// Without this script every page still has its text, tables and links; it adds pictures, search and filters.
const root = document.body.dataset.root;

const loaded = {};

function load(name) {
  loaded[name] ??= new Promise((done, failed) => {
    const script = Object.assign(document.createElement("script"), { src: `${root}assets/${name}`, onload: done, onerror: failed });
    document.head.append(script);
  });
  return loaded[name];
}

function made(kind, values, ...children) {
  const element = Object.assign(document.createElement(kind), values);
  element.append(...children);
  return element;
}

// -- charts: after the page itself, for their library takes a second to be read
const narrow = () => window.innerWidth < 640;

// on a small screen the last 22 weeks, so that bars and their labels have room
function fit(figure) {
  if (!narrow()) return figure;
  const layout = { ...figure.layout, font: { ...figure.layout.font, size: 11.5 } };
  if (layout.xaxis.type === "date" && layout.xaxis.range) {
    const end = new Date(layout.xaxis.range[1]);
    const begin = new Date(end - 22 * 7 * 864e5).toISOString().slice(0, 10);
    layout.xaxis = { ...layout.xaxis, range: [begin > layout.xaxis.range[0] ? begin : layout.xaxis.range[0], layout.xaxis.range[1]] };
    layout.margin = { ...layout.margin, l: 34, r: 96 };
  }
  return { data: figure.data, layout };
}

function draw(island) {
  const box = island.previousElementSibling;
  if (box.classList.contains("drawn")) return Promise.resolve();
  const figure = fit(JSON.parse(island.textContent));
  box.classList.add("drawn");
  return Plotly.newPlot(box, figure.data, figure.layout, { displayModeBar: false, responsive: true });
}

async function drawAll() {
  const islands = [...document.querySelectorAll("script.figure")];
  if (islands.length) {
    await load("plotly.js");
    for (const island of islands) {
      await draw(island);
      await new Promise((next) => setTimeout(next));
    }
  }
  document.documentElement.dataset.charts = "drawn";
}

// A4 less its margins is 184 mm, which is 695 pixels
addEventListener("beforeprint", () => {
  if (!window.Plotly) return;
  for (const island of document.querySelectorAll("script.figure")) {
    draw(island);
    const box = island.previousElementSibling;
    const height = document.body.classList.contains("scorecard") ? 150 : box.layout.height;
    const half = Boolean(box.closest(".pair"));
    Plotly.relayout(box, { autosize: false, width: half ? 335 : 690, height, "font.size": half ? 10 : 12, "xaxis.tickangle": 0 });
  }
});
addEventListener("afterprint", () => {
  for (const island of document.querySelectorAll("script.figure")) {
    const { height, font } = JSON.parse(island.textContent).layout;
    Plotly.relayout(island.previousElementSibling, { autosize: true, width: null, height, "font.size": font.size });
  }
});

addEventListener("load", () => setTimeout(drawAll, 30));

// -- search: the index is read when somebody searches
const search = document.querySelector(".bar") && made("form", { className: "search", role: "search" });
const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");

async function find() {
  if (search.elements.q.value) await load("search.js");
  const wanted = plain(search.elements.q.value).split(/\s+/).filter(Boolean);
  const list = document.getElementById("found");
  const count = document.getElementById("found-count");
  if (!wanted.length) {
    list.replaceChildren();
    count.textContent = "";
    return;
  }
  const hits = window.searchIndex.filter((one) => { const text = plain(one.slice(1).join(" ")); return wanted.every((word) => text.includes(word)); });
  hits.sort((a, b) => plain(b[1]).startsWith(wanted[0]) - plain(a[1]).startsWith(wanted[0]));
  list.replaceChildren(...hits.slice(0, 12).map(([href, title, more]) => made("li", {}, made("a", { href: root + href }, title, " ", made("small", {}, more)))));
  count.textContent = hits.length ? `${hits.length} found${hits.length > 12 ? ", 12 shown" : ""}` : "Nothing found";
}

if (search) {
  const field = made("input", { id: "q", type: "search", autocomplete: "off", spellcheck: false, placeholder: "Ticket, dealer, failure …" });
  field.setAttribute("aria-controls", "found");
  field.setAttribute("aria-describedby", "found-count");
  search.append(made("label", { htmlFor: "q" }, "Search"), field, made("p", { id: "found-count", role: "status", className: "quiet" }), made("ul", { id: "found" }));
  document.querySelector(".bar > div").append(search);
  search.addEventListener("submit", (event) => { event.preventDefault(); const first = document.querySelector("#found a"); if (first) first.click(); });
  search.addEventListener("input", find);
  search.addEventListener("keydown", (event) => { if (event.key === "Escape") { search.reset(); find(); search.elements.q.focus(); } });
}

// -- filters: of rows that say what they are about
const FEW = 8;
const FILTERS = { provider: "Provider", dealer: "Dealer", category: "Category", verdict: "Verdict", state: "State", holder: "Waiting for" };

for (const bar of document.querySelectorAll(".filters")) {
  const rows = [...document.querySelectorAll(`#${bar.dataset.of} [data-provider]`)];
  const asked = new URLSearchParams(location.search);
  const output = made("output", {});
  const controls = [];
  const show = () => {
    const text = plain(words.value).split(/\s+/).filter(Boolean);
    let n = 0;
    for (const row of rows) {
      const fits = controls.every((one) => !one.value || row.dataset[one.name] === one.value) && text.every((word) => plain(row.textContent).includes(word));
      row.hidden = !fits;
      n += fits;
    }
    output.textContent = `${n} of ${rows.length} shown`;
  };
  const words = made("input", { type: "search", oninput: show, value: asked.get("q") || "" });
  for (const [name, label] of Object.entries(FILTERS)) {
    const values = [...new Set(rows.map((row) => row.dataset[name]).filter(Boolean))].sort((a, b) => a.localeCompare(b, "en"));
    if (values.length < 2) continue;
    const select = made("select", { name, onchange: show }, made("option", { value: "" }, "all"), ...values.map((value) => made("option", { value }, value)));
    if (values.includes(asked.get(name))) select.value = asked.get(name);
    controls.push(select);
    bar.append(made("label", {}, label, select));
  }
  const clear = made("button", { type: "button", onclick: () => { controls.forEach((one) => { one.value = ""; }); words.value = ""; show(); } }, "Show all");
  bar.append(made("label", {}, "Words", words), clear, output);
  bar.hidden = rows.length < FEW && ![...asked.keys()].length;  // what fits a screen needs no filter
  show();
}

// -- a link into something closed opens it
function openTarget() {
  const target = location.hash && document.querySelector(`[id="${CSS.escape(location.hash.slice(1))}"]`);
  if (!target) return;
  for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", openTarget);
openTarget();
