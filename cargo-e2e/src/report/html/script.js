"use strict";
(() => {
  const filter = document.getElementById("filter");
  const complaints = document.getElementById("complaints");
  const whole = document.getElementById("whole");
  const lines = [...document.querySelectorAll(".log > div")];
  let time = null;
  const show = () => {
    const wanted = filter.value.toLowerCase();
    for (const line of lines) {
      const at = line.dataset.at;
      const inTime = !time || (at !== undefined && +at >= time[0] && +at <= time[1]);
      const isIt = !wanted || line.textContent.toLowerCase().includes(wanted);
      line.hidden = !(inTime && isIt && (!complaints.checked || line.classList.contains("bad")));
    }
    for (const log of document.querySelectorAll(".log")) {
      log.previousElementSibling.hidden = [...log.children].some((line) => !line.hidden);
    }
    whole.hidden = !time;
  };
  document.querySelector(".tools").hidden = lines.length === 0;
  filter.addEventListener("input", show);
  complaints.addEventListener("change", show);
  whole.addEventListener("click", () => { time = null; show(); });
  for (const jump of document.querySelectorAll(".jump")) {
    jump.addEventListener("click", () => {
      time = [+jump.dataset.from - 250, +jump.dataset.to + 250];
      document.querySelectorAll("#logs details").forEach((one) => { one.open = true; });
      show();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement.tagName !== "INPUT") {
      event.preventDefault();
      filter.focus();
    }
  });
})();
