// How a form is filled in, for the anti-fraud rules: seconds, whether the ID was pasted, how often it was corrected. Written into the form only
// when the owner has ticked the consent to it; nothing about the device, no contacts, no other fields, no text that was typed.
(() => {
  "use strict";
  for (const form of document.querySelectorAll("form[data-collect]")) {
    const began = performance.now(), seen = { pasted_identity: false, id_edits: 0 };
    const identity = form.querySelector("[name=id_number]"), consent = form.querySelector(`input[name=consent][value="${form.dataset.collect}"]`);
    identity?.addEventListener("paste", () => { seen.pasted_identity = true; });
    identity?.addEventListener("input", (event) => { if (event.inputType?.startsWith("delete")) seen.id_edits += 1; });
    form.addEventListener("submit", () => {
      const field = form.querySelector("[name=collected]");
      if (field) field.value = consent?.checked ? JSON.stringify({ ...seen, fill_seconds: Math.round((performance.now() - began) / 100) / 10 }) : "";
    });
  }
})();
