// The week as a picture to drag in. It writes into the form below it, which works without it.
(() => {
  "use strict";
  const form = document.querySelector("[data-hours]");
  if (!form) return;
  const STEP = 15, HOUR = 36, DAY = 1440;
  const rows = form.querySelector("[data-rows]"), count = form.elements.rows;
  let chosen = null, first = 6 * 60, last = 21 * 60;

  const minutes = (text) => { const [h, m] = text.split(":").map(Number); return h * 60 + m; };
  const clock = (n) => [n / 60 % 24 | 0, n % 60].map((part) => String(part).padStart(2, "0")).join(":");
  const snap = (n) => Math.round(n / STEP) * STEP;
  const make = (cls, parent) => { const el = document.createElement("div"); el.className = cls; parent?.append(el); return el; };

  // One stretch of the form.
  const stretch = (box) => {
    const at = (name) => form.elements[`${name}-${box.dataset.stretch}`];
    return {
      box, at,
      get there() { return !at("gone").checked && at("from").value && at("to").value && this.from < this.to; },
      get empty() { return !at("gone").checked && !at("from").value && !at("to").value; },
      get ways() { return [...box.querySelectorAll("fieldset input:checked")].map((tick) => tick.labels[0].textContent.trim()).join(", "); },
      get day() { return Number(at("day").value); },
      get from() { return minutes(at("from").value); },
      get to() { return minutes(at("to").value) || DAY; },
      set(day, from, to) { at("day").value = day; at("from").value = clock(from); at("to").value = clock(to); label(this); },
      remove() { at("gone").checked = true; label(this); },
    };
  };
  const all = () => [...rows.querySelectorAll("[data-stretch]")].map(stretch);
  const there = () => all().filter((one) => one.there);

  const label = (one) => {
    one.box.toggleAttribute("data-gone", one.at("gone").checked);
    if (!one.at("from").value && !one.at("to").value) return;
    const place = one.at("place")?.selectedOptions[0], where = place?.value && one.at("inperson")?.checked ? ` (${place.text})` : "";
    one.box.querySelector("summary span").textContent =
      `${one.at("day").selectedOptions[0].text} ${one.at("from").value}–${one.at("to").value} · ${one.ways}${where}`;
  };

  // An empty row of the form, or one more.
  const spare = () => {
    const found = all().find((each) => each.empty);
    if (found) return found;
    const copy = form.querySelector("template").innerHTML.replaceAll("-NN", `-${count.value}`).replaceAll('"NN"', `"${count.value}"`);
    rows.insertAdjacentHTML("beforeend", copy);
    count.value = Number(count.value) + 1;
    return stretch(rows.lastElementChild);
  };
  // How one is met is copied from the stretch that was chosen last.
  const fresh = () => {
    const one = spare();
    const like = chosen?.there ? chosen : null;
    for (const name of like ? ["online", "inperson", "phone"] : []) if (one.at(name)) one.at(name).checked = like.at(name).checked;
    if (like && one.at("place")) one.at("place").value = like.at("place").value;
    return one;
  };

  // How far a stretch of this day may reach without touching another.
  const room = (day, from, to, but) => {
    let low = 0, high = DAY;
    for (const one of there()) {
      if (one.day !== day || one.box === but?.box) continue;
      if (one.to <= from) low = Math.max(low, one.to);
      else if (one.from >= to) high = Math.min(high, one.from);
      else return null;
    }
    return [low, high];
  };

  const view = form.querySelector("[data-week]");
  make("quiet", view).textContent = form.dataset.lead;
  const grid = make("week", view), bar = make("week__bar", view);
  grid.setAttribute("aria-hidden", "true"); // the form says the same, in words
  bar.setAttribute("role", "status");

  const draw = () => {
    for (const one of there()) { first = Math.min(first, Math.floor(one.from / 60) * 60); last = Math.max(last, Math.ceil(one.to / 60) * 60); }
    const height = (last - first) / 60 * HOUR;
    grid.replaceChildren();
    make("week__head", grid);
    form.dataset.days.split(",").forEach((name) => { make("week__head", grid).textContent = name; });
    const clocks = make("week__clock", grid);
    for (let n = first; n < last; n += 60) {
      const mark = document.createElement("span");
      mark.textContent = clock(n);
      mark.style.top = `${(n - first) / 60 * HOUR}px`;
      clocks.append(mark);
    }
    for (let day = 1; day <= 7; day++) {
      const column = make("week__day", grid);
      column.style.height = `${height}px`;
      column.style.setProperty("--hour", `${HOUR}px`);
      column.dataset.day = day;
      for (const one of there()) {
        if (one.day !== day) continue;
        const piece = make("week__hours", column);
        piece.stretch = one;
        piece.classList.toggle("is-there", Boolean(one.at("inperson")?.checked));
        piece.classList.toggle("is-chosen", chosen?.box === one.box);
        place(piece, one.from, one.to);
        piece.append(Object.assign(document.createElement("span"), { textContent: one.ways }));
        make("week__end week__end--from", piece).dataset.end = "from";
        make("week__end week__end--to", piece).dataset.end = "to";
      }
    }
    drawBar();
  };
  const place = (piece, from, to) => {
    piece.style.top = `${(from - first) / 60 * HOUR}px`;
    piece.style.height = `${Math.max(to - from, STEP) / 60 * HOUR}px`;
    const words = piece.querySelector("span") || piece.appendChild(document.createElement("span"));
    words.textContent = `${clock(from)}–${clock(to)}`;
  };
  const drawBar = () => {
    bar.replaceChildren();
    if (!chosen?.there) return;
    const words = document.createElement("span");
    words.textContent = chosen.box.querySelector("summary span").textContent;
    bar.append(words);
    const button = (text, then) => {
      const el = document.createElement("button");
      el.type = "button"; el.className = "button button--plain"; el.textContent = text;
      el.addEventListener("click", then);
      bar.append(el);
    };
    button(form.dataset.edit, () => { const box = chosen.box.querySelector("details"); box.open = true; chosen.at("day").focus(); });
    button(form.dataset.out, () => { chosen.remove(); chosen = null; draw(); });
  };

  const minuteAt = (column, y) => first + (y - column.getBoundingClientRect().top) / HOUR * 60;

  // What is dragged: {one, day, from, to, grip, end}. `end`: which side moves; none: the whole stretch.
  let drag = null, by = "";
  grid.addEventListener("pointerdown", (event) => {
    by = event.pointerType;
    const column = event.target.closest(".week__day");
    if (!column || event.button) return;
    const day = Number(column.dataset.day), at = minuteAt(column, event.clientY), piece = event.target.closest(".week__hours");
    if (piece) {
      chosen = piece.stretch;
      drag = { one: chosen, piece, column, day, from: chosen.from, to: chosen.to, grip: at, end: event.target.dataset.end };
    } else if (event.pointerType === "touch") return; // the page scrolls; a tap makes an hour (see click)
    else {
      const from = Math.floor(at / 30) * 30, space = room(day, from, from + STEP);
      if (!space) return;
      chosen = fresh();
      chosen.set(day, from, Math.min(from + 30, space[1]));
      draw();
      const made = [...grid.querySelectorAll(".week__hours")].find((each) => each.stretch.box === chosen.box);
      drag = { one: chosen, piece: made, column: made.parentElement, day, from, to: chosen.to, grip: chosen.to, end: "to" };
    }
    event.preventDefault();
    grid.setPointerCapture(event.pointerId);
  });
  grid.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const moved = snap(minuteAt(drag.column, event.clientY) - drag.grip);
    const space = room(drag.day, drag.from, drag.to, drag.one);
    let from = drag.from, to = drag.to;
    if (drag.end !== "to") from += moved;
    if (drag.end !== "from") to += moved;
    if (!drag.end) { // the whole stretch keeps its length
      const shift = Math.max(space[0] - from, 0) - Math.max(to - space[1], 0);
      from += shift; to += shift;
    }
    drag.now = [Math.max(from, space[0]), Math.min(to, space[1])];
    if (drag.end === "to") drag.now[1] = Math.max(drag.now[1], from);
    if (drag.end === "from") drag.now[0] = Math.min(drag.now[0], to);
    place(drag.piece, ...drag.now);
  });
  const drop = (event) => {
    if (!drag) return;
    const { one, day, now } = drag;
    drag = null;
    if (event.type === "pointerup" && now) now[1] - now[0] < STEP ? one.remove() : one.set(day, ...now);
    draw();
  };
  grid.addEventListener("pointerup", drop);
  grid.addEventListener("pointercancel", drop);
  grid.addEventListener("click", (event) => {
    const column = event.target.closest(".week__day");
    if (!column || event.target.closest(".week__hours") || by !== "touch") return;
    const day = Number(column.dataset.day), from = Math.floor(minuteAt(column, event.clientY) / 60) * 60;
    const space = room(day, from, from + STEP);
    if (!space) return;
    const one = fresh();
    one.set(day, from, Math.min(from + 60, space[1]));
    chosen = one;
    draw();
  });
  form.addEventListener("input", (event) => {
    const box = event.target.closest("[data-stretch]");
    if (box) { label(stretch(box)); spare(); draw(); }
  });
  draw();
})();
