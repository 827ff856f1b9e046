// Start-up and memory: one row per cell, a dot per value, the median, and the budget as a line.
const SVG = "http://www.w3.org/2000/svg";
const UNITS = {
  seconds: { factor: 1000, name: "ms" },
  bytes: { factor: 1 / 1048576, name: "MiB" },
};
const ROW = 17;

function draw(tag, attributes = {}, text = "") {
  const shape = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
  if (text) shape.append(text);
  return shape;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function series() {
  const rows = data.measures.map(([cell, name, unit, values, budget]) => {
    const { factor, name: shown } = UNITS[unit] ?? { factor: 1, name: unit };
    const scaled = values.map((value) => value * factor);
    const limit = budget === null ? null : budget * factor;
    return { cell: cells[cell], name, unit: shown, values: scaled, middle: median(scaled),
      budget: limit, over: limit !== null && Math.min(...scaled) > limit };
  });
  rows.sort((a, b) => ORDER.indexOf(a.cell.family) - ORDER.indexOf(b.cell.family));
  return Map.groupBy(rows, (row) => row.name);
}

// A round step, so that an axis has three to seven numbers.
function stepOf(top) {
  const rough = top / 6;
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= rough);
}

function chart(rows, width) {
  const budget = rows.find((row) => row.budget !== null)?.budget ?? null;
  const peak = Math.max(...rows.flatMap((row) => row.values), budget ?? 0) * 1.06 || 1;
  const left = Math.min(168, width * 0.4);
  const x = (value) => left + (value / peak) * (width - left - 14);
  const height = 22 + rows.length * ROW + 34;
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": spokenChart(rows, budget) });
  const foot = height - 34;
  for (let at = 0, step = stepOf(peak); at <= peak; at += step) {
    svg.append(draw("line", { class: "axis", x1: x(at), x2: x(at), y1: 18, y2: foot }));
    svg.append(draw("text", { x: x(at), y: foot + 14, "text-anchor": "middle" }, `${+at.toPrecision(6)}`));
  }
  svg.append(draw("text", { x: width - 14, y: foot + 29, "text-anchor": "end" }, rows[0].unit));
  rows.forEach((row, number) => svg.append(...chartRow(row, 22 + number * ROW + ROW / 2, x, left)));
  if (budget !== null) svg.append(...limitLine(budget, x, foot, width, rows[0].unit));
  return svg;
}

function chartRow(row, y, x, left) {
  const room = Math.floor((left - 8) / 7.3); // pixels of an average letter, generously
  const arch = row.cell.arch === "x86" ? " x86" : "";
  const space = room - arch.length;
  const title = row.cell.title.length > space ? `${row.cell.title.slice(0, space - 1)}…` : row.cell.title;
  const name = `${title}${arch}`;
  const shapes = [draw("text", { class: "name", x: left - 8, y: y + 4, "text-anchor": "end" }, name)];
  const [low, high] = [Math.min(...row.values), Math.max(...row.values)];
  if (row.values.length > 1) {
    shapes.push(draw("line", { class: "range", x1: x(low), x2: x(high), y1: y, y2: y }));
    shapes.push(...row.values.map((value) => draw("circle", { class: "dot", cx: x(value), cy: y, r: 2.2 })));
  }
  shapes.push(medianMark(row, x(row.middle), y));
  return shapes;
}

// Where even the smallest value is above the budget it is a diamond, not only another colour:
// claims judge the smallest, which noise can only raise.
function medianMark(row, at, y) {
  const points = `${at},${y - 6} ${at + 6},${y} ${at},${y + 6} ${at - 6},${y}`;
  const mark = row.over ? draw("polygon", { class: "median over", points })
    : draw("circle", { class: "median", cx: at, cy: y, r: 4 });
  const limit = row.budget === null ? "" : `, budget ${number(row.budget)} ${row.unit}`;
  mark.append(draw("title", {}, `${row.cell.title}: median ${number(row.middle)} ${row.unit}${limit}`));
  return mark;
}

function limitLine(budget, x, foot, width, unit) {
  const at = x(budget);
  const anchor = at > width - 70 ? "end" : "middle";
  return [draw("line", { class: "limit", x1: at, x2: at, y1: 18, y2: foot }),
    draw("text", { class: "limit-name", x: at, y: 12, "text-anchor": anchor }, `budget ${number(budget)} ${unit}`)];
}

const number = (value) => `${+value.toPrecision(3)}`;

function spokenChart(rows, budget) {
  const middles = rows.map((row) => row.middle);
  const range = `medians from ${number(Math.min(...middles))} to ${number(Math.max(...middles))} ${rows[0].unit}`;
  const over = rows.filter((row) => row.over).length;
  const limit = budget === null ? "" : `, budget ${number(budget)} ${rows[0].unit}, ${many(over, "cell")} above it`;
  return `${rows[0].name} in ${many(rows.length, "cell")}: ${range}${limit}. The table below has the values.`;
}

function chartTable(rows) {
  const heads = ["Cell", "Minimum", "Median", "Maximum", "Values"];
  const body = rows.map((row) => make("tr", {}, make("th", { scope: "row" }, `${row.cell.title} ${row.cell.arch}`),
    ...[Math.min(...row.values), row.middle, Math.max(...row.values)].map((value) => make("td", {}, number(value))),
    make("td", {}, `${row.values.length}`)));
  const head = make("tr", {}, ...heads.map((name) => make("th", { scope: "col" }, name)));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...body));
}

// What is above its budget, else the warm start, else the first that has a budget.
function firstShown(groups) {
  const isWarm = (name) => name === "startup.warm";
  const names = [...groups.keys()].sort((a, b) => isWarm(b) - isWarm(a));
  const some = (test) => names.find((name) => groups.get(name).some(test));
  return some((row) => row.over) ?? some((row) => row.budget !== null) ?? names[0];
}

function plot(title, groups) {
  const figure = make("figure", { class: "plot" });
  const tabs = make("div", { class: "tabs", role: "group", "aria-label": title });
  const place = make("div", { class: "drawing" });
  const caption = make("figcaption");
  const values = make("div", { tabindex: "0" });
  let chosen = firstShown(groups);
  const paint = () => {
    const rows = groups.get(chosen);
    place.replaceChildren(chart(rows, Math.max(280, place.clientWidth || 560)));
    const dots = rows.some((row) => row.values.length > 1) ? "Small dots are single values, the large one their median" : "One value each";
    const least = rows.some((row) => row.values.length > 1) ? "even the smallest value" : "the value";
    caption.textContent = `${chosen}, ${rows[0].unit}. ${dots}; a diamond: ${least} is above the budget.`;
    values.replaceChildren(chartTable(rows));
    for (const tab of tabs.children) tab.setAttribute("aria-pressed", tab.dataset.metric === chosen);
  };
  for (const name of groups.keys()) {
    const tab = make("button", { type: "button", class: "tab", "data-metric": name }, name.replace(/^[^.]*\./, ""));
    tab.addEventListener("click", () => { chosen = name; paint(); });
    tabs.append(tab);
  }
  figure.append(make("h3", {}, title), tabs, place, caption,
    make("details", {}, make("summary", {}, "Values as a table"), values));
  return { figure, paint, place };
}

const TITLES = { startup: "Start-up", memory: "Memory" };

function startPlots() {
  const all = [...series()];
  const kinds = Map.groupBy(all, ([name]) => name.split(".")[0]);
  byId("figures").hidden = byId("nav-figures").hidden = all.length === 0;
  const order = [...new Set([...Object.keys(TITLES), ...kinds.keys()])].filter((kind) => kinds.has(kind));
  for (const kind of order) {
    const { figure, paint, place } = plot(TITLES[kind] ?? kind, new Map(kinds.get(kind)));
    byId("plots").append(figure);
    let width = -1;
    new ResizeObserver(() => {
      if (place.clientWidth !== width) { width = place.clientWidth; paint(); }
    }).observe(place);
    paint();
  }
}
