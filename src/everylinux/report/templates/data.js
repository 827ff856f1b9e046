// The report's data, its indexes, and what the filters let through.
const data = JSON.parse(document.getElementById("data").textContent);
const OUTCOMES = data.outcomes.map(([name, symbol]) => ({ name, symbol })); // gravest first
const PASSED = OUTCOMES.findIndex((outcome) => outcome.name === "passed");
const NOT_RUN = "not-run";

const claims = data.claims.map(([id, area, says, source, remedy], number) =>
  ({ number, id, area, says, source, remedy, verdicts: [] }));
const cells = data.cells.map((cell, number) => ({ ...cell, number, verdicts: [] }));
const verdicts = data.verdicts.map(([claim, cell, outcome, ms, reason, evidence]) =>
  ({ claim: claims[claim], cell: cells[cell], outcome, ms, reason, evidence }));
for (const verdict of verdicts) {
  verdict.claim.verdicts.push(verdict);
  verdict.cell.verdicts.push(verdict);
}
const ran = cells.filter((cell) => cell.state !== NOT_RUN);

const filter = { words: [], outcomes: new Set(), area: "", support: "", arch: "" };
let hits = { claims: [], cells: [], texts: [], evidence: [] };

function isFiltering() {
  return filter.words.length > 0 || filter.outcomes.size > 0
    || filter.area !== "" || filter.support !== "" || filter.arch !== "";
}

// Each text is made small once, at the first search: evidence is many megabytes in a big report.
const searched = { claims: null, cells: null, texts: null, evidence: null };
const TEXTS = {
  claims: () => claims.map((c) => [c.id, data.areas[c.area], c.says, c.source, c.remedy].join("\n")),
  cells: () => cells.map((c) => [c.id, c.title, c.arch, c.libc, c.kernel, c.shell, c.family].join("\n")),
  texts: () => data.texts,
  evidence: () => data.evidence.map((pairs) => pairs.map((pair) => pair.join("\n")).join("\n")),
};

function search(query) {
  filter.words = query.toLowerCase().split(/\s+/).filter(Boolean);
  for (const kind of Object.keys(TEXTS)) {
    searched[kind] ??= filter.words.length ? TEXTS[kind]().map((text) => text.toLowerCase()) : null;
    hits[kind] = filter.words.map((word) => (searched[kind] ?? []).map((text) => text.includes(word)));
  }
}

// Every word must be somewhere: in the claim, the cell, the reason or the evidence.
function isFound(verdict) {
  return filter.words.every((_, word) => hits.claims[word][verdict.claim.number]
    || hits.cells[word][verdict.cell.number]
    || hits.texts[word][verdict.reason] || hits.evidence[word][verdict.evidence]);
}

function isCellShown(cell) {
  return (filter.support === "" || cell.support === filter.support)
    && (filter.arch === "" || cell.arch === filter.arch);
}

function isShown(verdict) {
  return (filter.outcomes.size === 0 || filter.outcomes.has(verdict.outcome))
    && (filter.area === "" || data.areas[verdict.claim.area] === filter.area)
    && isCellShown(verdict.cell) && isFound(verdict);
}

function tally(list) {
  const counts = OUTCOMES.map(() => 0);
  for (const verdict of list) counts[verdict.outcome] += 1;
  return counts;
}

const gravest = (counts) => counts.findIndex((count) => count > 0);
const byGravity = (a, b) => a.outcome - b.outcome || (a.claim.id < b.claim.id ? -1 : 1);
