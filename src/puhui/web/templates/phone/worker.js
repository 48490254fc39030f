{% load static %}// Keeps the last page of the books for times without a network. What is typed is queued by books.js, never here; nothing that is
// sent is ever kept or repeated by this worker.
"use strict";
const SHELF = "puhui-books-1";
const SHELL = ["{% static "puhui/base.css" %}", "{% static "puhui/phone.css" %}", "{% static "puhui/books.css" %}", "{% static "puhui/phone.js" %}", "{% static "puhui/books.js" %}", "{% static "puhui/seal.svg" %}"];
const STATIC = "{% static "" %}";
addEventListener("install", (event) => { event.waitUntil(caches.open(SHELF).then((shelf) => shelf.addAll(SHELL)).then(() => skipWaiting())); });
addEventListener("activate", (event) => { event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== SHELF).map((name) => caches.delete(name)))).then(() => clients.claim())); });
addEventListener("fetch", (event) => {
  const request = event.request, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  const page = request.mode === "navigate" && url.pathname.startsWith("/m/books/");
  if (!page && !url.pathname.startsWith(STATIC)) return;
  event.respondWith(fetch(request).then((answer) => {
    if (answer.ok && !answer.redirected) { const copy = answer.clone(); caches.open(SHELF).then((shelf) => shelf.put(request, copy)); }
    return answer;
  }).catch(() => caches.match(request, { ignoreSearch: page }).then((kept) => kept || Response.error())));
});
