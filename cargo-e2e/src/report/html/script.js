// What all parts share: the search, the way to a part that is closed or filtered out, and copying.
{
  const filter = document.getElementById("filter");
  const found = document.getElementById("found");
  const which = [...document.getElementsByName("which")];
  document.documentElement.classList.add("js");
  for (const tools of document.querySelectorAll(".tools, .zoom")) tools.hidden = false;
  if (document.querySelectorAll("#logs .log > *").length === 0) document.getElementById("log-tools").hidden = true;

  const show = () => {
    const wanted = filter.value.trim().toLowerCase();
    const failed = which.some((one) => one.value === "failed" && one.checked);
    const tests = showTests(wanted, failed);
    const lines = showLogs(wanted);
    const noun = (number, name) => `${number} ${name}${number === 1 ? "" : "s"}`;
    found.textContent = wanted ? `${noun(tests, "test")} · ${noun(lines, "log line")}` : failed ? noun(tests, "test") : "";
  };
  const reveal = (part) => {
    if (!part) return;
    if (part.hidden || part.closest("[hidden]")) {
      filter.value = "";
      which.forEach((one) => { one.checked = one.value === "all"; });
      show();
    }
    for (let at = part; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    part.scrollIntoView();
  };
  const target = () => reveal(document.getElementById(decodeURIComponent(location.hash.slice(1))));
  filter.addEventListener("input", show);
  which.forEach((one) => one.addEventListener("change", show));
  onLogChoice(show);
  addEventListener("hashchange", target);
  if (location.hash) target();

  const copyOldWay = (text) => {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done ? Promise.resolve() : Promise.reject(new Error("refused"));
  };
  // Not every browser has the first for a page that is a file.
  const copy = (text) => navigator.clipboard
    ? navigator.clipboard.writeText(text).catch(() => copyOldWay(text)) : copyOldWay(text);
  document.addEventListener("click", (event) => {
    const jump = event.target.closest(".jump");
    if (jump) showTime([+jump.dataset.from, +jump.dataset.to]);
    // Also a second time, when the address stays the same.
    const link = event.target.closest('a[href^="#"]');
    if (link) reveal(document.getElementById(decodeURIComponent(link.hash.slice(1))));
    const button = event.target.closest(".copy");
    if (!button) return;
    const log = button.closest(".log-details");
    const part = button.closest(".copyable");
    const text = log ? shownLines(log) : (part.querySelector("pre") || part.querySelector(".text")).textContent;
    copy(text.trim()).then(() => { button.textContent = "copied"; }, () => { button.textContent = "not copied"; });
    setTimeout(() => { button.textContent = "copy"; }, 2000);
  });
  document.addEventListener("keydown", (event) => {
    const typing = document.activeElement === filter;
    if (event.key === "/" && !typing) {
      event.preventDefault();
      filter.focus();
    } else if (event.key === "Escape" && typing) {
      filter.value = "";
      show();
    }
  });
}
