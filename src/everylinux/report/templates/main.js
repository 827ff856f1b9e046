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

// The counts at the top and the row of the filters are the same switches.
const switches = [...document.querySelectorAll("button.count")];

function showPressed() {
  for (const button of switches) {
    const outcome = OUTCOMES.findIndex((one) => one.name === button.dataset.outcome);
    button.setAttribute("aria-pressed", filter.outcomes.has(outcome));
  }
}

function startOutcomes() {
  for (const button of switches) {
    const outcome = OUTCOMES.findIndex((one) => one.name === button.dataset.outcome);
    button.addEventListener("click", () => {
      if (!filter.outcomes.delete(outcome)) filter.outcomes.add(outcome);
      showPressed();
      refilter();
    });
  }
}

function clearFilters() {
  Object.assign(filter, { area: "", support: "", arch: "" });
  filter.outcomes.clear();
  for (const id of ["area", "support", "arch", "query"]) byId(id).value = "";
  showPressed();
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
