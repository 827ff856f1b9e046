// The sheet of one cell: its claims by area, each with evidence and remedy, made when opened.
const dialog = byId("cell");
let opener = null;
let shownCell = null;

function evidenceOf(verdict) {
  const blocks = [];
  for (const [name, text] of data.evidence[verdict.evidence]) {
    blocks.push(make("h4", {}, name), make("pre", { class: "evidence", tabindex: "0" }, text));
  }
  return blocks;
}

function verdictInside(verdict) {
  const facts = [
    ["Reason", data.texts[verdict.reason]],
    ["Remedy", verdict.outcome < PASSED ? verdict.claim.remedy : ""],
    ["Source", verdict.claim.source],
  ];
  const list = pairsList(facts);
  const link = make("a", { href: address(verdict.cell, verdict.claim) }, "link to this verdict");
  list.append(make("dt", {}, "Share"), make("dd", {}, link));
  return make("div", { class: "inside" }, list, ...evidenceOf(verdict));
}

function verdictRow(verdict, claimId) {
  const wanted = verdict.claim.id === claimId;
  const row = make("details", { class: wanted ? "verdict at" : "verdict", "data-claim": verdict.claim.id },
    make("summary", {}, sign(verdict.outcome), make("code", { class: "id" }, verdict.claim.id),
      make("span", { class: "says" }, verdict.claim.says), make("small", {}, duration(verdict.ms))));
  const fill = () => { if (row.open && row.children.length === 1) row.append(verdictInside(verdict)); };
  row.addEventListener("toggle", fill);
  row.open = wanted || (!claimId && OUTCOMES[verdict.outcome].name === "failed");
  fill();
  return row;
}

function showArea(area, claimId) {
  const inArea = (verdict) => area === "" || data.areas[verdict.claim.area] === area;
  const body = byId("cell-body");
  const list = shownCell.verdicts.filter(inArea).sort(byGravity);
  const groups = Map.groupBy(list, (verdict) => verdict.claim.area);
  body.replaceChildren();
  if (shownCell.missing) {
    body.append(make("p", { class: "note" }, `${many(shownCell.missing, "verdict")} missing in this cell`));
  }
  for (const [number, rows] of groups) {
    if (groups.size > 1) body.append(make("h3", {}, data.areas[number]));
    body.append(...rows.map((verdict) => verdictRow(verdict, claimId)));
  }
  if (!list.length) body.append(make("p", { class: "empty" }, "No claim of this area was judged here."));
  for (const tab of byId("cell-areas").children) tab.setAttribute("aria-pressed", tab.dataset.area === area);
  body.scrollTop = 0;
  body.querySelector(".at")?.scrollIntoView({ block: "start" });
}

function showTabs() {
  const counts = Map.groupBy(shownCell.verdicts, (verdict) => verdict.claim.area);
  const tabs = [tabOf("", "all", shownCell.verdicts)];
  for (const [area, list] of counts) tabs.push(tabOf(data.areas[area], data.areas[area], list));
  byId("cell-areas").replaceChildren(...tabs);
}

function tabOf(area, name, list) {
  const counts = tally(list);
  const worst = gravest(counts);
  const tab = make("button", { class: "tab", type: "button", "data-area": area }, `${name} `);
  if (worst >= 0) tab.append(sign(worst), ` ${counts[worst]}`);
  tab.addEventListener("click", () => showArea(area, ""));
  return tab;
}

function openCell(cell, area = "", claimId = "") {
  shownCell = cell;
  if (!dialog.open) opener = document.activeElement;
  byId("cell-title").replaceChildren(cellSign(cell), ` ${cell.title}`);
  const kernel = cell.kernel ? `shipped kernel ${cell.kernel}` : "";
  const end = cell.eol ? `end of life ${cell.eol}` : "";
  const about = [cell.artefact ? "" : cell.support, cell.arch, cell.libc, kernel, cell.shell, end, cell.origin];
  byId("cell-about").textContent = about.filter(Boolean).join(" · ");
  showTabs();
  if (!dialog.open) dialog.showModal();
  byId("cell-title").focus();
  const claim = claims.find((one) => one.id === claimId);
  showArea(claim ? data.areas[claim.area] : area, claimId);
}

function openAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const cell = ran.find((one) => one.id === wanted.get("cell"));
  if (cell) openCell(cell, wanted.get("area") ?? "", wanted.get("claim") ?? "");
}

function visit(cell, area) {
  const suffix = area ? `&area=${encodeURIComponent(area)}` : "";
  history.replaceState(null, "", address(cell) + suffix);
  openCell(cell, area);
}

function startCell() {
  byId("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => {
    history.replaceState(null, "", location.pathname + location.search);
    opener?.focus();
  });
  window.addEventListener("hashchange", openAddress);
  openAddress();
}
