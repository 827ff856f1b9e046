// What to mend, and the list of all promises.
const PAGE = 100;
let limit = PAGE;

function groupProblems() {
  const grave = verdicts.filter((verdict) => verdict.outcome < PASSED
    && ["failed", "unknown"].includes(OUTCOMES[verdict.outcome].name));
  grave.sort((a, b) => (b.cell.support === "required") - (a.cell.support === "required"));
  const groups = Map.groupBy(grave, (verdict) => `${verdict.outcome} ${verdict.claim.id}`);
  return [...groups.values()].sort((a, b) => a[0].outcome - b[0].outcome || b.length - a.length
    || (a[0].claim.id < b[0].claim.id ? -1 : 1));
}

function problemCard(list) {
  const [{ claim, outcome, reason }] = list;
  const name = OUTCOMES[outcome].name;
  const reasons = new Set(list.map((verdict) => verdict.reason));
  const other = reasons.size > 1 ? ` (and ${many(reasons.size - 1, "other reason")})` : "";
  const title = make("h3", {}, sign(outcome), make("code", {}, claim.id), claim.says);
  const facts = pairsList([
    ["Where", where(list)],
    ["Saw", make("span", {}, saw(data.texts[reason]), other)],
    ["Remedy", claim.remedy],
  ]);
  return make("article", { class: `problem ${name}` }, title, facts);
}

const CHIPS = 8;

// How many of the cells that were judged, and a few of them; the rest at a press.
function where(list) {
  const judged = list[0].claim.verdicts.length;
  const box = make("span", { class: "chips" });
  if (judged > 1) box.append(make("span", { class: "in" }, `${list.length} of ${many(judged, "cell")}`));
  box.append(...list.slice(0, CHIPS).map(chip));
  if (list.length > CHIPS) {
    const rest = make("button", { type: "button", class: "chip" }, `and ${list.length - CHIPS} more`);
    rest.addEventListener("click", () => {
      const [first, ...others] = list.slice(CHIPS).map(chip);
      rest.replaceWith(first, ...others);
      first.focus();
    });
    box.append(rest);
  }
  return box;
}

const PROBLEMS = 30;

function startProblems() {
  const groups = groupProblems();
  byId("problems").hidden = byId("nav-problems").hidden = groups.length === 0;
  byId("problem-list").append(...groups.slice(0, PROBLEMS).map(problemCard));
  if (groups.length > PROBLEMS) {
    const rest = `${groups.length - PROBLEMS} more: choose "failed" or "unknown" above to list them below.`;
    byId("problem-list").append(make("p", { class: "hint" }, rest));
  }
}

function tallyOf(list) {
  const shown = make("span", { class: "tally" });
  tally(list).forEach((count, outcome) => {
    if (count) shown.append(make("span", { class: `ink-${OUTCOMES[outcome].name}` }, sign(outcome), ` ${count}`));
  });
  return shown;
}

function claimInside(claim, list) {
  const facts = pairsList([["Remedy", claim.remedy], ["Source", claim.source]]);
  const sorted = [...list].sort((a, b) => a.outcome - b.outcome);
  facts.append(make("dt", {}, "Judged"), make("dd", { class: "chips" }, ...sorted.map(chip)));
  return make("div", { class: "inside" }, facts);
}

function claimRow(claim, list) {
  const row = make("details", { class: "claim", "data-claim": claim.id },
    make("summary", {}, make("code", { class: "id" }, claim.id), make("span", {}, claim.says),
      make("span", { class: "in" }, data.areas[claim.area]), tallyOf(list)));
  row.addEventListener("toggle", () => {
    if (row.open && row.children.length === 1) row.append(claimInside(claim, list));
  });
  return row;
}

// Without a filter the areas are closed: the page stays short however many claims there are.
function areaGroups(found) {
  const byArea = Map.groupBy(found, (claim) => claim.area);
  return [...byArea].map(([area, list]) => {
    const title = make("summary", {}, make("b", {}, data.areas[area]),
      make("span", { class: "in" }, many(list.length, "claim")), tallyOf(list.flatMap((claim) => claim.verdicts)));
    const group = make("details", { class: "area", "data-area": data.areas[area] }, title);
    group.addEventListener("toggle", () => {
      if (group.open && group.children.length === 1) group.append(...list.map((claim) => claimRow(claim, claim.verdicts)));
    });
    return group;
  });
}

function paintClaims(shown) {
  const groups = Map.groupBy(shown, (verdict) => verdict.claim);
  const found = claims.filter((claim) => groups.has(claim));
  const rows = isFiltering()
    ? found.slice(0, limit).map((claim) => claimRow(claim, groups.get(claim)))
    : areaGroups(found);
  const nothing = make("p", { class: "empty" }, "No verdict is like this. Clear the filters to see all.");
  byId("claim-list").replaceChildren(...(rows.length ? rows : [nothing]));
  byId("more").hidden = !isFiltering() || found.length <= limit;
  byId("more").textContent = `Show ${many(found.length - limit, "more claim")}`;
  byId("matching").textContent = isFiltering()
    ? `${many(shown.length, "verdict")} of ${many(found.length, "claim")} in ${many(new Set(shown.map((v) => v.cell)).size, "cell")}`
    : "";
}
