// Elements. Data reaches the page as text nodes and attributes only; the page's policy refuses
// anything else (trusted types).
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const byId = (id) => document.getElementById(id);
const many = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

function sign(outcome) {
  const { name, symbol } = OUTCOMES[outcome];
  return make("span", { class: `sign ink-${name}`, role: "img", "aria-label": name }, symbol);
}

const CELL_SIGNS = {
  passed: ["passed", "✓"], failed: ["failed", "✗"], unknown: ["unknown", "?"],
  "not-judged": ["skipped", "–"], "not-run": ["skipped", "○"],
};

function cellSign(cell) {
  const [ink, symbol] = CELL_SIGNS[cell.verdict];
  return make("span", { class: `sign ink-${ink}`, "aria-hidden": "true" }, symbol);
}

function duration(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function pairsList(pairs) {
  const list = make("dl");
  for (const [name, value] of pairs) {
    if (value !== "") list.append(make("dt", {}, name), make("dd", {}, value));
  }
  return list;
}

const saw = (text) => make("span", { class: "saw" }, text);

function address(cell, claim) {
  const parts = [`cell=${encodeURIComponent(cell.id)}`];
  if (claim) parts.push(`claim=${encodeURIComponent(claim.id)}`);
  return `#${parts.join("&")}`;
}

function chip(verdict) {
  const link = make("a", { class: "chip", href: address(verdict.cell, verdict.claim) }, sign(verdict.outcome));
  const arch = verdict.cell.artefact ? "" : ` ${verdict.cell.arch}`;
  link.append(`${verdict.cell.title}${arch}`);
  return link;
}

// auto, light, dark; kept where the browser lets a file keep something.
const THEMES = ["auto", "light", "dark"];

function remembered() {
  try { return localStorage.getItem("everylinux-theme") ?? "auto"; } catch { return "auto"; }
}

function setTheme(theme) {
  const shown = THEMES.includes(theme) ? theme : "auto";
  document.documentElement.dataset.theme = shown;
  byId("theme").textContent = `Theme: ${shown}`;
  try { localStorage.setItem("everylinux-theme", shown); } catch { /* it lasts for this visit */ }
}

function startTheme() {
  setTheme(remembered());
  byId("theme").hidden = false;
  byId("theme").addEventListener("click", () => {
    const now = THEMES.indexOf(document.documentElement.dataset.theme);
    setTheme(THEMES[(now + 1) % THEMES.length]);
  });
}

function startBar() {
  for (const part of document.querySelectorAll(".bar i")) part.style.flexGrow = part.dataset.count;
}
