// The switch of the theme: as the system says until the reader chooses; a choice is remembered
// where the browser lets a file remember anything.

const THEME = "report-theme";

/** Hand the switch in the head of the page its work. */
function themeSwitch(button) {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";

  function changed() {
    button.textContent = isDark() ? "Light theme" : "Dark theme";
    document.dispatchEvent(new Event("theme"));
  }

  const chosen = remembered();
  if (chosen) root.dataset.theme = chosen;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remember(root.dataset.theme);
    changed();
  });
  system.addEventListener("change", changed);
  changed();
  button.hidden = false;
}

function remembered() {
  try {
    return localStorage.getItem(THEME);
  } catch {
    return null; // storage is closed to this file
  }
}

function remember(theme) {
  try {
    localStorage.setItem(THEME, theme);
  } catch {
    // the choice then lasts as long as the page
  }
}

/** What a custom property of the style sheet is at this element, as a colour that a canvas knows. */
function colourOf(element, property) {
  element.style.color = `var(${property})`;
  return getComputedStyle(element).color;
}
