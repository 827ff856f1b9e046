// The matrix: rows are distributions by family, columns are areas, squares open cells.
const areasInCells = new Set(verdicts.filter((v) => !v.cell.artefact).map((v) => v.claim.area));
const columns = data.areas.map((_, area) => area).filter((area) => areasInCells.has(area));
let spot = [0, 0]; // where the arrow keys are

function spoken(cell, area, counts) {
  const parts = counts.map((count, outcome) => count && `${count} ${OUTCOMES[outcome].name}`).filter(Boolean);
  const arch = cell.artefact ? "" : ` ${cell.arch}`;
  return `${cell.title}${arch}, ${data.areas[area]}: ${parts.join(", ") || "nothing judged"}`;
}

function square(cell, area, list) {
  const counts = tally(list);
  const total = list.length;
  const name = data.areas[area];
  const about = { type: "button", "data-area": name, "aria-label": spoken(cell, area, counts), tabindex: "-1" };
  if (!total) return make("button", { ...about, class: "box none", "aria-disabled": "true" }, "·");
  const grave = gravest(counts);
  const small = grave < PASSED ? `/${total}` : `${counts[grave]}`;
  const box = make("button", { ...about, class: `box ${OUTCOMES[grave].name}` },
    `${OUTCOMES[grave].symbol} ${grave < PASSED ? counts[grave] : ""}`, make("small", {}, small));
  box.addEventListener("click", () => visit(cell, name));
  return box;
}

function cellButton(cell) {
  const button = make("button", { type: "button", class: "where", tabindex: cell.artefact ? "0" : "-1" },
    cellSign(cell), make("b", {}, cell.title), cell.artefact ? null : make("small", {}, cell.arch),
    cell.artefact ? null : make("small", {}, cell.libc));
  button.setAttribute("aria-label", `${cell.title} ${cell.artefact ? "" : cell.arch}: ${cell.verdict}, open all claims`);
  if (cell.support !== "required") button.append(make("span", { class: "badge" }, cell.support));
  if (cell.missing) button.append(make("span", { class: "badge ink-unknown" }, `${cell.missing} missing`));
  button.addEventListener("click", () => visit(cell, ""));
  return button;
}

function matrixRow(cell, byArea) {
  const row = make("tr", { class: "row", role: "row", "data-cell": cell.id },
    make("th", { scope: "row", role: "rowheader" }, cellButton(cell)));
  for (const area of columns) {
    row.append(make("td", { role: "gridcell" }, square(cell, area, byArea.get(area) ?? [])));
  }
  return row;
}

function familyRow(name, group, all) {
  const lost = cells.filter((cell) => cell.family === name && cell.state === NOT_RUN && isCellShown(cell)).length;
  const counts = [`${group.length}${group.length < all ? ` of ${all}` : ""} run`, lost ? `${lost} not run` : ""];
  const title = make("th", { colspan: columns.length + 1, scope: "colgroup", role: "columnheader" }, `${name} `,
    make("small", {}, counts.filter(Boolean).join(", ")));
  return make("tr", { class: "family", role: "row" }, title);
}

function paintMatrix(shown) {
  const byCell = Map.groupBy(shown, (verdict) => verdict.cell);
  const areasOf = (cell) => Map.groupBy(byCell.get(cell) ?? [], (verdict) => verdict.claim.area);
  paintArtefact(areasOf);
  const rows = ran.filter((cell) => !cell.artefact && isCellShown(cell) && (!isFiltering() || byCell.has(cell)));
  const head = make("tr", { role: "row" }, make("th", { scope: "col", role: "columnheader" }, "Distribution"));
  for (const area of columns) head.append(make("th", { scope: "col", role: "columnheader" }, data.areas[area]));
  const body = make("tbody", { role: "rowgroup" });
  const families = Map.groupBy(ran.filter((cell) => !cell.artefact), (cell) => cell.family);
  for (const name of ORDER.filter((one) => families.has(one))) {
    const group = rows.filter((cell) => cell.family === name);
    if (!group.length) continue;
    body.append(familyRow(name, group, families.get(name).length));
    body.append(...group.map((cell) => matrixRow(cell, areasOf(cell))));
  }
  const table = make("table", { class: "matrix", role: "grid", "aria-labelledby": "matrix-title" },
    make("thead", { role: "rowgroup" }, head), body);
  const nothing = make("p", { class: "empty" }, ran.some((cell) => !cell.artefact)
    ? "No cell has such a verdict." : "No cell was run: see below why.");
  byId("matrix-body").replaceChildren(rows.length ? table : nothing);
  spot = [0, 0];
  stops()[0]?.[0]?.setAttribute("tabindex", "0");
}

const ORDER = [...new Set(["Debian", "Red Hat", "SUSE", "Arch", "Alpine", "Embedded",
  ...cells.map((cell) => cell.family)])];

function paintArtefact(areasOf) {
  const artefact = ran.find((cell) => cell.artefact && cell.verdicts.length);
  const groups = artefact ? [...areasOf(artefact)] : [];
  byId("artefact").replaceChildren();
  if (!groups.length) return;
  const boxes = groups.map(([area, list]) => square(artefact, area, list));
  for (const box of boxes) box.setAttribute("tabindex", "0");
  byId("artefact").append(cellButton(artefact), ...boxes);
}

// One stop of the Tab key for the whole grid; the arrow keys move within.
function stops() {
  return [...byId("matrix-body").querySelectorAll("tr.row")].map((row) => [...row.querySelectorAll("button")]);
}

const MOVES = {
  ArrowUp: ([row, column]) => [row - 1, column],
  ArrowDown: ([row, column]) => [row + 1, column],
  ArrowLeft: ([row, column]) => [row, column - 1],
  ArrowRight: ([row, column]) => [row, column + 1],
  Home: ([row]) => [row, 0],
  End: ([row]) => [row, columns.length],
};

function moveTo(grid, [row, column]) {
  const target = grid[row]?.[column];
  if (!target) return;
  for (const button of grid.flat()) button.setAttribute("tabindex", "-1");
  spot = [row, column];
  target.setAttribute("tabindex", "0");
  target.focus();
}

function startMatrix() {
  byId("matrix-body").addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (!move || event.altKey || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    moveTo(stops(), move(spot));
  });
  byId("matrix-body").addEventListener("focusin", (event) => {
    stops().forEach((row, number) => {
      const column = row.indexOf(event.target);
      if (column >= 0) spot = [number, column];
    });
  });
}
