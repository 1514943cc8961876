// Only comfort lives here: every page works when this file never arrives.
(() => {
  "use strict";
  const all = (selector, root = document) => root.querySelectorAll(selector);

  // While an answer is on its way, a word under the bar says so: not at once, most answers are there before one looks.
  const busy = document.querySelector(".busy");
  let soon = 0;
  const rest = () => { clearTimeout(soon); all(".busy").forEach((one) => { one.textContent = ""; }); };
  const wait = (where = busy) => {
    rest();
    soon = setTimeout(() => { if (where) where.textContent = busy.dataset.word; setTimeout(rest, 20000); }, 400);
  };
  // A dialog lies over the bar: there the word stands under the button that was pressed.
  const within = (form) => {
    if (!busy || !form.closest("dialog.is-modal")) return busy;
    let here = form.querySelector(".busy");
    if (!here) {
      here = Object.assign(document.createElement("p"), { className: "busy busy--here" });
      here.setAttribute("role", "status");
      form.append(here);
    }
    return here;
  };

  // A second tap must not send a form twice, nor another form beside it. The button stays enabled, because a disabled one
  // would be left out of what is sent; the second submit is refused instead.
  const sends = (form) => form.getAttribute("method")?.toLowerCase() === "post" && !("leave" in form.dataset);
  addEventListener("submit", (event) => {
    const form = event.target;
    // getAttribute, because a field called "method" would hide form.method
    if (event.defaultPrevented || !sends(form)) return;
    if ("sending" in document.body.dataset) return event.preventDefault();
    document.body.dataset.sending = "";
    const buttons = [...all("button:not([type=button])")].filter((button) => button.form && sends(button.form));
    buttons.forEach((button) => button.setAttribute("aria-disabled", "true"));
    const again = () => { delete document.body.dataset.sending; buttons.forEach((button) => button.removeAttribute("aria-disabled")); rest(); };
    form.again = again;
    wait(within(form));
    setTimeout(again, 12000); // a lost connection must not lock the form for ever
  });

  // Back from the browser's memory: whoever left must not find the page again.
  addEventListener("pageshow", (event) => {
    if (event.persisted && document.body.dataset.left) return location.reload();
    if (event.persisted) { rest(); all("form").forEach((form) => form.again?.()); }
  });
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const to = new URL(link.href), here = location;
    const stays = to.origin !== here.origin || link.target || "file" in link.dataset || (to.hash && to.pathname === here.pathname);
    if (!stays) wait();
  });

  // Leave now: the page is gone at once, the sign-in ends behind it, and Back does not return here.
  addEventListener("submit", (event) => {
    const form = event.target.closest("[data-leave]");
    if (!form || !form.dataset.leave) return;
    event.preventDefault();
    document.body.dataset.left = "1";
    document.documentElement.hidden = true;
    fetch(form.getAttribute("action"), { method: "POST", body: new URLSearchParams(new FormData(form)), keepalive: true, redirect: "manual" }).catch(() => {});
    location.replace(form.dataset.leave);
  }, true);

  // A <dialog> inside <details> becomes modal; without script it simply unfolds.
  addEventListener("click", (event) => {
    const summary = event.target.closest?.(".ask > summary");
    if (summary) {
      const box = summary.parentElement, dialog = box.querySelector("dialog");
      if (!dialog.showModal) return;
      event.preventDefault();
      box.open = true;
      dialog.removeAttribute("open");
      dialog.classList.add("is-modal");
      dialog.showModal();
      dialog.tabIndex = -1;
      dialog.focus(); // read out by its heading; Tab goes on to what is in it
      dialog.addEventListener("close", () => { box.open = false; summary.focus(); }, { once: true });
      return;
    }
    const closer = event.target.closest?.("[data-close]");
    if (closer) { event.preventDefault(); closer.closest("dialog").close(); }
  });

  const wake = (root) => {
    if (navigator.clipboard) all("[data-copy]", root).forEach((button) => { button.hidden = false; });
    all("dialog [data-close]", root).forEach((button) => { button.hidden = false; });
  };

  addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    const word = button.querySelector("[data-word]"), was = word.textContent;
    try { await navigator.clipboard.writeText(button.dataset.copy); } catch { return; }
    word.textContent = button.dataset.done;
    setTimeout(() => { word.textContent = was; }, 2500);
  });

  // The server says how many seconds are left; clocks of borrowed phones are wrong, so only its count is used.
  const born = new WeakMap();
  setInterval(() => all("[data-left]").forEach((element) => {
    const now = performance.now();
    const seen = born.get(element);
    if (!seen || seen.left !== element.dataset.left) return void born.set(element, { left: element.dataset.left, at: now });
    const left = Math.max(0, Math.round(Number(seen.left) - (now - seen.at) / 1000));
    const days = Math.floor(left / 86400), hours = Math.floor(left / 3600), minutes = Math.floor(left / 60) % 60;
    const say = element.dataset;
    const parts = days >= 2 ? [[days, say.days], [hours % 24, say.hours]] : hours ? [[hours, say.hours], [minutes, say.minutes]]
      : [[minutes, say.minutes], [minutes < 10 ? left % 60 : 0, say.seconds]];
    const [more, less] = parts.filter(([number]) => number).map(([number, word]) => word.replace("%n", number));
    const text = less ? say.both.replace("%1", more).replace("%2", less) : more || say.over;
    if (element.textContent !== text) element.textContent = text;
  }), 1000);

  // A stream tells at once when a live part has news; the part asks every 2 s by itself, should the stream fail.
  let stream = null;
  const listen = () => {
    const live = document.querySelector("[data-events]");
    if (!live || !("EventSource" in window)) { stream?.close(); stream = null; return; }
    if (stream) return;
    stream = new EventSource(live.dataset.events);
    stream.addEventListener("attempt", () => {
      const part = document.querySelector("[data-events]");
      if (part && window.htmx) htmx.trigger(part, "news");
    });
    stream.onerror = () => { if (!document.querySelector("[data-events]")) listen(); };
  };
  addEventListener("pagehide", () => { stream?.close(); stream = null; });

  // Focus goes to what appeared: a summary of errors, or the news that a live part brought.
  const attend = () => {
    wake(document);
    listen();
    const news = document.querySelector("[data-focus]:not([data-attended])");
    if (news) { news.dataset.attended = "1"; news.focus(); }
  };
  addEventListener("htmx:after:swap", attend);
  attend(); // the script is deferred, so the page is there
})();
