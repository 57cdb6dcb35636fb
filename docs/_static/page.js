// Figures that are wider than a narrow window are moved sideways: with the keyboard too.
function reachable() {
  for (const box of document.querySelectorAll(".bd-content :is(div.cell_output, p):has(> img)")) {
    if (box.scrollWidth > box.clientWidth) {
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", "Figure, wider than the window");
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    }
  }
}
addEventListener("load", reachable);
addEventListener("resize", reachable);
