// The tests: searched, and only the failed ones. A module or test that has a match opens, and is as
// before once the search is over.
let showTests;
{
  // More matches are counted, and not laid out.
  const MOST = 200;
  const list = document.getElementById("tests");
  const modules = [...list.querySelectorAll(".module")].map((part) => ({
    part, hits: part.querySelector(".hits"), open: false,
  }));
  const of = new Map(modules.map((module) => [module.part, module]));
  const tests = [...list.querySelectorAll(".test")].map((part) => ({
    part, summary: part.querySelector("summary"), open: false, head: null, body: "",
    failed: part.classList.contains("failed"), module: of.get(part.parentElement),
  }));
  // What stands in all of them is no match.
  const link = list.querySelector(".jump")?.textContent ?? "";
  const none = list.querySelector(".none");
  let wasFiltered = false;
  // Only read when they are first searched. Buttons stay out: their words stand in many.
  const read = (test) => {
    const name = test.module ? test.module.part.firstElementChild.firstChild.nextSibling.textContent : "";
    const parts = test.summary ? [...test.part.querySelectorAll("summary, pre, p, li")] : [test.part];
    const [head, ...body] = parts.map((one) => one.textContent.replace(link, "").toLowerCase());
    test.head = `${name.toLowerCase()} ${head}`;
    test.body = body.join("\n");
  };
  showTests = (wanted, failed) => {
    const isFiltered = wanted !== "" || failed;
    if (!isFiltered && !wasFiltered) return tests.length;
    for (const module of modules) {
      if (isFiltered && !wasFiltered) module.open = module.part.open;
      module.count = 0;
      module.shown = 0;
    }
    let count = 0;
    for (const test of tests) {
      if (wanted && test.head === null) read(test);
      const inHead = !wanted || test.head.includes(wanted);
      const fits = (inHead || test.body.includes(wanted)) && (!failed || test.failed);
      if (fits) count += 1;
      if (fits && test.module) test.module.count += 1;
      const hide = !fits || (isFiltered && count > MOST);
      if (!hide && test.module) test.module.shown += 1;
      if (test.part.hidden !== hide) test.part.hidden = hide;
      if (test.summary) {
        if (isFiltered && !wasFiltered) test.open = test.part.open;
        test.part.open = test.open || (!hide && !inHead);
      }
    }
    for (const module of modules) {
      module.part.hidden = isFiltered && module.shown === 0;
      module.part.open = isFiltered ? module.shown > 0 : module.open;
      module.hits.textContent = wanted && module.count > 0 ? `${module.count} found` : "";
    }
    if (none) {
      none.hidden = !isFiltered || (count > 0 && count <= MOST);
      none.textContent = count > MOST ? `the first ${MOST} of ${count} are shown` : "No matching tests";
    }
    wasFiltered = isFiltered;
    return count;
  };
}
