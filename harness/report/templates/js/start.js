// What happens when the page is there: the cheap parts at once, maps and curves as they come near.

const NEAR = "800px"; // from the window, before something is made ready

/** Run `make` for each element once it comes near the window. */
function whenNear(selector, make) {
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        watcher.unobserve(target);
        make(target);
      }
    },
    { rootMargin: NEAR },
  );
  for (const element of document.querySelectorAll(selector)) watcher.observe(element);
}

/** Mark in the contents which exhibit is being read. */
function followReading() {
  const links = new Map();
  for (const link of document.querySelectorAll(".contents a")) links.set(link.hash.slice(1), link);
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const link = links.get(target.id);
        if (isIntersecting) link?.setAttribute("aria-current", "true");
        else link?.removeAttribute("aria-current");
      }
    },
    { rootMargin: "-45% 0px -45% 0px" },
  );
  for (const exhibit of document.querySelectorAll(".exhibit")) watcher.observe(exhibit);
}

themeSwitch(document.querySelector("button.theme"));
for (const command of document.querySelectorAll("pre.command")) copyButton(command);
for (const fold of document.querySelectorAll("details.late")) filledWhenOpened(fold);
for (const maps of document.querySelectorAll("[data-maps]")) maps.hidden = false;
followReading();
whenNear("[data-maps]", choiceOfMaps);
whenNear("[data-curves]", readableChart);
whenNear(".learning", readableLearning);
