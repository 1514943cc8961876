// New messages appear at the top without touching what is open. The page works without this file.
"use strict";

const PAUSE = 2000; // milliseconds between looks
let newest = null;

async function look() {
  const { newest: now } = await (await fetch("/health")).json();
  if (newest !== null && now !== newest) await show();
  newest = now;
}

async function show() {
  const text = await (await fetch(location.href)).text();
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const list = document.getElementById("list");
  const arrived = [...fresh.querySelectorAll("#list article")];
  if (!arrived.length || !list.querySelector("article")) {
    list.replaceChildren(...fresh.getElementById("list").children);
  } else {
    const unknown = arrived.filter((one) => !document.getElementById(one.id));
    list.prepend(...unknown);
  }
  document.getElementById("count").textContent = fresh.getElementById("count").textContent;
  document.getElementById("recipients").replaceChildren(...fresh.getElementById("recipients").children);
}

setInterval(() => {
  if (!document.hidden) look().catch(() => {}); // the program stopped: keep what is shown
}, PAUSE);
look().catch(() => {});
