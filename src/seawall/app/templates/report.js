// Draws every figure from the specification beside it. A colour is a name with an at sign, taken from the page's
// style sheet, so that figures follow the reader's light or dark theme.
const specs = [...document.querySelectorAll("script[type='application/json']")].map((script) => [
  script.parentElement.querySelector("div"),
  JSON.parse(script.textContent),
]);

function coloured(value, style) {
  if (typeof value === "string" && value.startsWith("@")) return style.getPropertyValue("--" + value.slice(1)).trim();
  if (value === "inherit") return getComputedStyle(document.body).fontFamily;
  if (Array.isArray(value)) return value.map((each) => coloured(each, style));
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, coloured(each, style)]));
  return value;
}

function draw() {
  const style = getComputedStyle(document.documentElement);
  for (const [target, spec] of specs) {
    const { data, layout } = coloured(spec, style);
    Plotly.react(target, data, layout, { displayModeBar: false, responsive: true });
  }
}

draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
