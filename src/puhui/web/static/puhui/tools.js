// Scanning with a keyboard scanner, which types the digits and then Enter: the item's name appears and the count is asked for next.
// Without this file Enter sends the form, and what is still missing is asked for with the code kept.
(() => {
  "use strict";
  const known = JSON.parse(document.getElementById("barcodes")?.textContent || "{}");
  const digits = (text) => text.normalize("NFKC").replace(/[\s-]/g, "");
  const named = (code) => known[code.length === 12 ? `0${code}` : code];
  document.querySelector("input[data-scan][autofocus]")?.focus();
  document.querySelectorAll("input[data-scan]").forEach((box) => {
    const form = box.form, name = form.elements.name;
    const fill = () => { const found = named(digits(box.value)); if (found && name && !name.value) name.value = found; };
    box.addEventListener("change", fill);
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      fill();
      const next = [...form.elements].find((field) => field !== box && field.required && !field.value) || form.querySelector("button");
      next.focus();
    });
  });
})();
