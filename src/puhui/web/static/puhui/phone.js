// Reading the cost form: the button opens when the end was reached and the time is up. The server checks both again.
// Without this file the tick box and the server's own clock do the same work.
(() => {
  "use strict";
  document.addEventListener("DOMContentLoaded", () => {
    const form = document.querySelector("form[data-reading]");
    if (!form) return;
    const paper = document.getElementById("paper"), button = form.querySelector("button"), note = form.querySelector(".progress-note");
    const box = form.querySelector("[name=read_to_end]");
    let left = Number(form.dataset.seconds), ended = false;
    const look = () => { if (paper.scrollTop + paper.clientHeight >= paper.scrollHeight - 8) ended = true; };
    const tell = () => {
      const ready = ended && left <= 0;
      button.disabled = !ready; box.disabled = !ended;
      const told = left > 0 ? form.dataset.wait.replace("{s}", left) : ended ? form.dataset.ready : form.dataset.scroll;
      if (left <= 0 || left % 5 === 0 || !note.textContent) note.textContent = told;
    };
    paper.addEventListener("scroll", () => { look(); tell(); }, { passive: true });
    look(); tell();
    const timer = setInterval(() => { left -= 1; look(); tell(); if (left <= 0) clearInterval(timer); }, 1000);
  });
})();
// Nobody is logged in: pages kept for times without a network go.
document.addEventListener("DOMContentLoaded", () => {
  if (!document.querySelector("nav.tabs") && "caches" in window) caches.keys().then((names) => names.forEach((name) => caches.delete(name)));
});
