// Filters, and the start of everything.
function paint() {
  const shown = isFiltering() ? verdicts.filter(isShown) : verdicts;
  paintMatrix(shown);
  paintClaims(shown);
  byId("clear").disabled = !isFiltering();
}

function refilter() {
  limit = PAGE;
  paint();
}

function fillSelect(id, values) {
  const select = byId(id);
  for (const value of values) select.append(make("option", { value }, value));
  select.addEventListener("change", () => { filter[id] = select.value; refilter(); });
}

function startOutcomes() {
  for (const button of document.querySelectorAll("button.count")) {
    const outcome = OUTCOMES.findIndex((one) => one.name === button.dataset.outcome);
    button.addEventListener("click", () => {
      const on = !filter.outcomes.delete(outcome);
      if (on) filter.outcomes.add(outcome);
      button.setAttribute("aria-pressed", on);
      refilter();
    });
  }
}

function clearFilters() {
  Object.assign(filter, { area: "", support: "", arch: "" });
  filter.outcomes.clear();
  for (const id of ["area", "support", "arch", "query"]) byId(id).value = "";
  for (const button of document.querySelectorAll("button.count")) button.setAttribute("aria-pressed", false);
  search("");
  refilter();
  byId("query").focus();
}

function startFilters() {
  const linuxes = ran.filter((cell) => !cell.artefact);
  fillSelect("area", data.areas);
  fillSelect("support", [...new Set(linuxes.map((cell) => cell.support))]);
  fillSelect("arch", [...new Set(linuxes.map((cell) => cell.arch))]);
  let waiting = 0;
  byId("query").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { search(event.target.value); refilter(); }, 120);
  });
  byId("clear").addEventListener("click", clearFilters);
  byId("more").addEventListener("click", () => { limit += PAGE; paint(); });
  byId("filters").hidden = false;
}

startTheme();
startBar();
startProblems();
startFilters();
startOutcomes();
startMatrix();
startPlots();
paint();
startCell();
