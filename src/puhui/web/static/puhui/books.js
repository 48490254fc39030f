// Typing a payment without a network: the sentence waits on the phone under its own id and is sent when there is one.
// The id makes it once on the server however often it is sent. Without this file the form posts as any other.
(() => {
  "use strict";
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/m/worker.js", { scope: "/m/" }).catch(() => {});
  const form = document.querySelector("form[data-say]");
  const banner = document.querySelector("[data-offline]");
  const look = () => { if (banner) banner.hidden = navigator.onLine; };
  addEventListener("online", () => { look(); flush(); });
  addEventListener("offline", look);
  look();
  if (!form) return;

  const shelf = `puhui-waiting:${form.dataset.shop}`, told = form.querySelector("[data-told]"), box = form.elements.text;
  const waiting = () => { try { return JSON.parse(localStorage.getItem(shelf) || "[]"); } catch { return []; } };
  const keep = (rows) => localStorage.setItem(shelf, JSON.stringify(rows));
  const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const today = () => { const now = new Date(Date.now() + 8 * 3600e3); return now.toISOString().slice(0, 10); };
  const tell = (text, bad) => { told.textContent = text; told.classList.toggle("wrong", Boolean(bad)); };
  const count = () => { const n = waiting().length; if (n) tell(`${form.dataset.kept} · ${form.dataset.waiting.replace("{n}", n)}`); return n; };

  let sending = false;
  async function flush() {
    if (sending) return;
    sending = true;
    let sent = 0;
    try {
      for (let rows = waiting(); rows.length; rows = waiting()) {
        const row = rows[0], body = new FormData();
        body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
        for (const name of ["text", "client_id", "said_on"]) body.set(name, row[name]);
        const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" });
        if (answer.status === 422) {
          const said = await answer.json();
          keep(waiting().filter((each) => each.client_id !== row.client_id));
          if (!box.value) box.value = row.text;
          tell(said.refused, true);
          continue;
        }
        if (!answer.ok) { count(); return; }
        const said = await answer.json();
        keep(waiting().filter((each) => each.client_id !== row.client_id));
        tell(said.told);
        sent += 1;
      }
      if (sent) setTimeout(() => { if (!box.value) location.reload(); }, 1200);
    } catch { count(); } finally { sending = false; }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (!text) return;
    keep([...waiting(), { text, client_id: newId(), said_on: today() }]);
    box.value = "";
    if (navigator.onLine) flush(); else count();
  });
  setInterval(() => { if (navigator.onLine && waiting().length) flush(); }, 3000);
  if (waiting().length) { if (navigator.onLine) flush(); else count(); }
})();
