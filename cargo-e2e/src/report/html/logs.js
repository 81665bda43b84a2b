// The logs: filtered by text, by kind, by log and by time, each by itself or as one list by time.
let showLogs;
let showTime;
let onLogChoice;
let shownLines;
{
  // Lines of the one list that are laid out at a time.
  const SOME = 1000;
  // The height of a line in pixels, for those that are not laid out.
  const HEIGHT = 19;
  const complaints = document.getElementById("complaints");
  const merged = document.getElementById("merged");
  const whole = document.getElementById("whole");
  const byTime = document.getElementById("by-time");
  const more = document.getElementById("more");
  const chips = [...document.querySelectorAll(".chip input")];
  const chip = new Map(chips.map((one) => [one.dataset.log, one]));
  const logs = [...document.querySelectorAll(".log-details[data-log]")].map((part) => ({
    part, name: part.dataset.log, hits: part.querySelector(".hits"), none: part.querySelector(".none"),
    gaps: [...part.querySelectorAll(".gap")], open: part.open, chunks: null,
  }));
  let time = null;
  let wasFiltered = false;
  let together = [];

  const read = (part) => {
    const at = part.firstElementChild;
    return {
      part, at: at && at.tagName === "I" ? Math.round(at.textContent * 1000) : null, bad: part.className !== "", text: null,
    };
  };
  // Only read when they are first filtered.
  const chunksOf = (log) => {
    log.chunks ??= [...log.part.querySelectorAll(".chunk")].map((part) => ({ part, lines: [...part.children].map(read) }));
    return log.chunks;
  };
  const showMore = () => {
    const list = byTime.querySelector(".log");
    const from = list.childElementCount;
    const rows = together.slice(from, from + SOME).map(([line, name]) => {
      const row = line.part.cloneNode(true);
      const label = document.createElement("b");
      label.textContent = name;
      row.hidden = false;
      row.firstElementChild.after(" ", label);
      return row;
    });
    list.append(...rows);
    more.hidden = list.childElementCount >= together.length;
    more.textContent = `show more of ${together.length} lines`;
  };
  const showTogether = () => {
    const isOn = Boolean(merged && merged.checked);
    byTime.hidden = !isOn;
    byTime.open = isOn;
    byTime.querySelector(".log").replaceChildren();
    byTime.querySelector(".hits").textContent = `${together.length} lines`;
    together.sort(([one], [other]) => one.at - other.at);
    if (isOn) showMore();
  };
  showLogs = (wanted) => {
    const isFiltered = wanted !== "" || complaints.checked || time !== null;
    const isOn = Boolean(merged && merged.checked);
    let count = 0;
    together = [];
    for (const log of logs) {
      const isChosen = !chip.has(log.name) || chip.get(log.name).checked;
      if (isFiltered && !wasFiltered) log.open = log.part.open;
      let hits = 0;
      let timed = false;
      for (const chunk of isFiltered || wasFiltered || isOn ? chunksOf(log) : []) {
        let shown = 0;
        for (const line of chunk.lines) {
          timed ||= line.at !== null;
          if (wanted && line.text === null) line.text = line.part.textContent.toLowerCase();
          const inTime = !time || (line.at !== null && line.at >= time[0] && line.at <= time[1]);
          const fits = inTime && (!complaints.checked || line.bad) && (!wanted || line.text.includes(wanted));
          if (line.part.hidden === fits) line.part.hidden = !fits;
          if (!fits) continue;
          shown += 1;
          if (isOn && isChosen && line.at !== null) together.push([line, log.name]);
        }
        chunk.part.hidden = shown === 0;
        chunk.part.style.containIntrinsicHeight = `${shown * HEIGHT}px`;
        hits += shown;
      }
      if (isChosen) count += hits;
      for (const gap of log.gaps) gap.hidden = isFiltered;
      // A log without times is not in the list by time.
      log.part.hidden = !isChosen || (isOn && timed);
      // Of a long log the page has a part.
      const all = log.gaps.length > 0 && isFiltered ? log.chunks.reduce((sum, chunk) => sum + chunk.lines.length, 0) : 0;
      log.hits.textContent = isFiltered ? `${hits} found${all ? ` in ${all} lines` : ""}` : "";
      if (log.none) log.none.hidden = !isFiltered || hits > 0;
      if (isFiltered) log.part.open = hits > 0;
      else if (wasFiltered) log.part.open = log.open;
    }
    whole.hidden = !time;
    wasFiltered = isFiltered;
    showTogether();
    return count;
  };
  showTime = (span) => {
    time = span;
    if (merged) merged.checked = time !== null;
    whole.dispatchEvent(new Event("change"));
  };
  onLogChoice = (show) => {
    for (const one of [complaints, merged, whole, ...chips]) if (one) one.addEventListener("change", show);
    whole.addEventListener("click", () => showTime(null));
    more.addEventListener("click", showMore);
  };
  shownLines = (part) => [...part.querySelectorAll(".chunk > :not([hidden])")].map((line) => line.textContent).join("\n");
}
