// Runs in the page. Returns how it looks, as far as no font decides: what fits and stands where, and
// the shape, colours and borders of what stands for a status.
const colour = (text) => {
  const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
  return alpha === 0 ? null : [red, green, blue];
};
const hex = (rgb) => `#${rgb.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
const inHex = (text) => text.replace(/rgba?\([^)]*\)/g, (one) => {
  const rgb = colour(one);
  return rgb ? hex(rgb) : "none";
});
const ground = (part) => {
  if (!part) return [255, 255, 255];
  return colour(getComputedStyle(part).backgroundColor) ?? ground(part.parentElement);
};
// As WCAG 2 counts it.
const light = (rgb) => {
  const linear = (part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const [red, green, blue] = rgb.map((part) => linear(part / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (one, other) => {
  const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
  return `${((bright + 0.05) / (dark + 0.05)).toFixed(1)}:1`;
};
const borders = (style) => {
  const sides = ["Top", "Right", "Bottom", "Left"].map((side) => [side.toLowerCase(),
    inHex(`${style[`border${side}Width`]} ${style[`border${side}Style`]} ${style[`border${side}Color`]}`)]);
  const drawn = sides.filter(([, border]) => !border.startsWith("0px"));
  if (drawn.length === 4 && drawn.every(([, border]) => border === drawn[0][1])) return [`border ${drawn[0][1]}`];
  return drawn.map(([side, border]) => `${side} ${border}`);
};
const painted = (name, selector) => {
  const part = document.querySelector(selector);
  if (!part) return `${name}: none`;
  const style = getComputedStyle(part);
  const [ink, paper] = [colour(style.color), ground(part)];
  const facts = part.textContent ? [`${hex(ink)} on ${hex(paper)} ${contrast(ink, paper)}`] : [hex(paper)];
  if (part.matches(".mark")) facts.unshift(part.textContent);
  if (style.backgroundImage !== "none") facts.push(inHex(style.backgroundImage));
  if (style.boxShadow !== "none") facts.push(`shadow ${inHex(style.boxShadow)}`);
  return `${name}: ${[...facts, ...borders(style)].join(", ")}`;
};
const focused = (name, selector) => {
  const part = document.querySelector(selector);
  part.focus();
  const { outlineWidth, outlineStyle, outlineColor, outlineOffset } = getComputedStyle(part);
  const outline = colour(outlineColor);
  part.blur();
  const facts = `${outlineWidth} ${outlineStyle} ${hex(outline)} ${contrast(outline, ground(part.parentElement))}`;
  return `${name} with the focus: outline ${facts}, ${outlineOffset} off`;
};
const nameOf = (part) => {
  if (part.id) return `#${part.id}`;
  return part.className ? `.${part.className.replaceAll(" ", ".")}` : part.localName;
};
// A line for each part, or for those that stand side by side.
const placed = (parts) => {
  const lines = [];
  for (const part of parts.filter((one) => one.checkVisibility())) {
    const place = part.getBoundingClientRect();
    const before = lines.at(-1);
    const isBelow = !before || place.top >= before.bottom;
    if (!isBelow && place.left >= before.right) {
      before.text += ` | ${nameOf(part)}`;
      before.right = place.right;
      before.bottom = Math.max(before.bottom, place.bottom);
    } else {
      const text = isBelow ? nameOf(part) : `${nameOf(part)} OVER ${before.text}`;
      lines.push({ text, right: place.right, bottom: place.bottom });
    }
  }
  return lines.map((line) => line.text);
};

const all = (selector) => [...document.querySelectorAll(selector)];
const width = document.documentElement.clientWidth;
const fits = document.documentElement.scrollWidth <= width;
const isCut = (part) => part && (getComputedStyle(part).overflowX !== "visible" || isCut(part.parentElement));
const sticksOut = (part) => {
  const { left, right } = part.getBoundingClientRect();
  return Math.max(right, left + part.scrollWidth) > width + 0.5 && !isCut(part);
};
const wide = all("body *").filter((part) => part.checkVisibility() && sticksOut(part)).map(nameOf);
const row = document.querySelector("#bars summary");
const layout = [
  fits && wide.length === 0 ? "fits the width" : `TOO WIDE: ${wide.join(", ")}`,
  ...placed(all("header > *, .search, main > section")),
  `a row of the timeline: ${placed([...row.children]).join(" / ")}, ${getComputedStyle(row).gridTemplateColumns}`,
  `a fact about the run: ${placed(all("#about dl > *").slice(0, 2)).join(" / ")}`,
];
const colours = [
  ["page", "body"], ["verdict", ".verdict"], ["link", "nav a"], ["search", "#filter"], ["button", "header .copy"],
  ["mark of a failed test", ".test .bad.mark"], ["mark of a passed test", ".test .good.mark"],
  ["mark of a skipped test", ".test .skipped.mark"],
  ["failed test", ".test.failed"], ["module", ".module"], ["passed test", "div.test"],
  ["skipped test", ".module details.test"],
  ["why", "#why pre"], ["reason of a failed test", ".test pre.bad"], ["reason of a skipped test", ".test pre.skipped"],
  ["evidence", ".test pre.stack"], ["duration", ".row .took"],
  ["bar of what passed", ".bar.good"], ["bar of what failed", ".bar.bad"],
  ["bar of a container", ".bar:not(.good, .bad, .cut, .unknown)"],
  ["log", ".log"], ["log line", ".chunk > :not(.bad, .warn)"],
  ["error in a log", ".chunk > .bad"], ["warning in a log", ".chunk > .warn"],
  ["time in a log", ".chunk i"], ["log to choose", ".chip"],
].map(([name, selector]) => painted(name, selector));
const focus = [["search", "#filter"], ["link", "nav a"], ["button", "header .copy"], ["test", ".test > summary"]]
  .map(([name, selector]) => focused(name, selector));
return [layout.join("\n"), [...colours, ...focus].join("\n")];
