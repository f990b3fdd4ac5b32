// Long tables and further curves, which are part of the page only once somebody opens them.

/** Put in place of its template what a fold holds, when it is opened for the first time. */
function filledWhenOpened(fold) {
  const fill = () => {
    const template = fold.querySelector("template");
    if (!fold.open || !template) return;
    template.replaceWith(template.content);
    for (const chart of fold.querySelectorAll("[data-curves]")) readableChart(chart);
  };
  fold.addEventListener("toggle", fill);
  fill(); // a browser may have kept it open over a reload
}
