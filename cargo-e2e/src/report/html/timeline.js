// The timeline: zoom by buttons, keys or by dragging, with finer ticks and a line under the pointer.
{
  const bars = document.getElementById("bars");
  const length = +bars.dataset.length;
  const ruler = bars.querySelector(".scale .lane");
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5];
  // Shown is the run from `from`, a part of `1 / scale`.
  let [scale, from] = [1, 0];

  // In the form of units.rs, with as many digits as a step needs.
  const at = (millis, step) => {
    const digits = step < 10 ? 3 : step < 100 ? 2 : step < 1e3 ? 1 : 0;
    if (millis < 6e4) return `${(millis / 1e3).toFixed(Math.max(digits, millis < 1e4 ? 2 : 1))} s`;
    const [hours, minutes] = [Math.floor(millis / 36e5), Math.floor(millis / 6e4) % 60];
    const seconds = `${((millis % 6e4) / 1e3).toFixed(digits).padStart(digits ? digits + 3 : 2, "0")}s`;
    if (hours === 0) return `${minutes}m${seconds}`;
    return `${hours}h${`${minutes}`.padStart(2, "0")}m${step < 6e4 ? seconds : ""}`;
  };
  const draw = () => {
    scale = Math.min(Math.max(scale, 1), Math.max(length / 10, 1));
    from = Math.min(Math.max(from, 0), 1 - 1 / scale);
    bars.style.setProperty("--scale", scale);
    bars.style.setProperty("--from", from);
    const step = steps.find((one) => length / scale / one < 8) ?? 36e5;
    const ticks = [];
    for (let tick = Math.ceil((from * length) / step) * step; tick <= (from + 0.95 / scale) * length; tick += step) {
      const mark = document.createElement("span");
      mark.className = "tick";
      mark.style.left = `${(tick / length) * 100}%`;
      mark.textContent = at(tick, step);
      ticks.push(mark);
    }
    ruler.replaceChildren(...ticks);
  };
  const zoom = (by) => {
    const middle = from + 0.5 / scale;
    scale *= by;
    from = middle - 0.5 / scale;
  };
  const acts = {
    in: () => zoom(2), out: () => zoom(0.5), left: () => { from -= 0.5 / scale; }, right: () => { from += 0.5 / scale; },
    all: () => { [scale, from] = [1, 0]; },
  };
  document.querySelector(".zoom").addEventListener("click", (event) => {
    const act = acts[event.target.dataset.zoom];
    if (act) { act(); draw(); }
  });

  const cross = document.createElement("span");
  cross.className = "cross";
  cross.hidden = true;
  cross.ariaHidden = "true";
  bars.append(cross);
  // The part of the run under the pointer.
  const place = (event) => {
    const track = ruler.parentElement.getBoundingClientRect();
    const part = (event.clientX - track.left) / track.width;
    return part < 0 || part > 1 ? null : from + part / scale;
  };
  let began = null;
  let dragged = false;
  bars.addEventListener("pointermove", (event) => {
    const part = place(event);
    cross.hidden = part === null || event.pointerType === "touch";
    if (cross.hidden) return;
    cross.style.left = `${event.clientX - bars.getBoundingClientRect().left}px`;
    const step = 10;
    cross.dataset.at = at(Math.round((part * length) / step) * step, step);
  });
  bars.addEventListener("pointerleave", () => { cross.hidden = true; began = null; });
  bars.addEventListener("pointerdown", (event) => {
    dragged = false;
    began = event.pointerType !== "touch" && event.target.closest(".track") ? place(event) : null;
    if (began !== null) event.preventDefault();
  });
  bars.addEventListener("pointerup", (event) => {
    const end = place(event);
    if (began !== null && end !== null && Math.abs(end - began) * scale > 0.02) {
      dragged = true;
      scale = 1 / Math.abs(end - began);
      from = Math.min(began, end);
      draw();
    }
    began = null;
  });
  // What is dragged over neither opens nor closes.
  bars.addEventListener("click", (event) => { if (dragged) { event.preventDefault(); dragged = false; } });
}
