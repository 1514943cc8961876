"use strict";
// Every second the page is fetched again, and each part that has changed takes the place of the old one. A part is
// left alone while its version stays the same, so a PIN that is being typed is never lost.
const EVERY_MS = 1000;

function takeOver(fresh) {
  for (const part of fresh.querySelectorAll("[data-part]")) {
    const old = document.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!old || old.dataset.version === part.dataset.version) continue;
    const hadFocus = old.contains(document.activeElement);
    old.dataset.version = part.dataset.version;
    old.replaceChildren(...part.childNodes);
    const pin = old.querySelector("#pin");
    if (pin && (hadFocus || document.activeElement === document.body)) pin.focus();
  }
}

async function refresh() {
  try {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    if (answer.ok) takeOver(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The simulator has stopped; the next second may find it again.
  }
  setTimeout(refresh, EVERY_MS);
}

document.querySelector("#pin")?.focus();
setTimeout(refresh, EVERY_MS);
