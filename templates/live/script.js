"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const form = $("start");
  const said = $("said");
  // The charts of a row that the reader has just chosen come whatever is in use.
  let isChosen = false;
  let touched = -Infinity;
  let row = "";
  let run = 0;
  let source = null;

  // What a reader has done to a part of the page is done to the part that takes its place, too.
  const kept = (part) => ({
    sorted: [...part.querySelectorAll("table")].map((table) => {
      const heading = table.querySelector("th[aria-sort]");
      return heading && [heading.cellIndex, heading.getAttribute("aria-sort")];
    }),
    open: [...part.querySelectorAll("details")].filter((details) => details.open)
      .map((details) => details.querySelector("summary").textContent),
    scrolled: [...part.querySelectorAll(".scroll")].map((box) => box.scrollLeft),
    focused: [...part.querySelectorAll("button, select, a, summary, [tabindex]")].indexOf(document.activeElement),
  });
  const restore = (part, state) => {
    part.querySelectorAll("table").forEach((table, index) => {
      const [column, order] = state.sorted[index] ?? [];
      const button = table.tHead?.rows[0]?.cells[column]?.querySelector("button");
      for (let turn = 0; button && turn < 2 && button.parentElement.getAttribute("aria-sort") !== order; turn++) button.click();
    });
    part.querySelectorAll("details").forEach((details) => {
      if (state.open.includes(details.querySelector("summary").textContent)) details.open = true;
    });
    part.querySelectorAll(".scroll").forEach((box, index) => { box.scrollLeft = state.scrolled[index] ?? 0; });
    if (state.focused >= 0) [...part.querySelectorAll("button, select, a, summary, [tabindex]")][state.focused]?.focus({ preventScroll: true });
  };

  // Whoever reads values of a chart, chooses a row or marks a text must not lose it under the pointer.
  const isInUse = (part) => {
    const marked = getSelection();
    return part.querySelector(".cursor") !== null
      || (part.querySelector("select:focus") !== null && performance.now() - touched < 4000)
      || (!marked.isCollapsed && part.contains(marked.anchorNode));
  };
  const waiting = new Map();
  const place = (id) => {
    if (id === "state") return $("state");
    const name = "part-" + id;
    if (!$(name)) {
      const part = document.createElement("div");
      part.id = name;
      $("result").append(part);
    }
    return $(name);
  };
  const replace = (id, html) => {
    const part = place(id);
    const isForced = id === "charts" && isChosen;
    if (isForced) isChosen = false;
    if (!isForced && isInUse(part)) return waiting.set(id, html);
    waiting.delete(id);
    const state = kept(part);
    if (id === "state") part.outerHTML = html; else part.innerHTML = html;
    const now = place(id);
    now.dispatchEvent(new CustomEvent("replaced", { bubbles: true }));
    restore(now, state);
  };
  setInterval(() => [...waiting].forEach(([id, html]) => replace(id, html)), 500);

  const log = $("log");
  const addLines = (lines, fresh) => {
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    const all = (fresh ? [] : log.textContent.split("\n").filter(Boolean)).concat(lines);
    log.textContent = all.slice(-500).join("\n");
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  };

  // The field of the users follows the run until somebody writes into it.
  form.addEventListener("input", (event) => { event.target.dataset.written = "yes"; });

  // A class of which the chosen tags leave no task cannot run, so it does not take part.
  const leaveOut = () => {
    const chosen = [...form.querySelectorAll("[name=tags]:checked")].map((box) => box.value);
    form.querySelectorAll("[name=user_classes]").forEach((box) => {
      const isOut = chosen.length > 0 && !JSON.parse(box.dataset.tags).some((tags) => tags.some((tag) => chosen.includes(tag)));
      if (isOut === box.disabled) return;
      if (isOut) box.dataset.before = box.checked;
      box.checked = !isOut && box.dataset.before === "true";
      box.disabled = isOut;
    });
  };
  form.addEventListener("change", (event) => { if (event.target.name === "tags") leaveOut(); });

  // The files of the scenario have changed: what was written stays, unless the scenario has another value there now.
  const twin = (field, place) => [...place.querySelectorAll("[name]")].find((other) => other.name === field.name
    && (field.type !== "checkbox" || other.value === field.value));
  const keepWritten = (from, to) => [...from.querySelectorAll("[data-written]")].forEach((field) => {
    const next = twin(field, to);
    if (!next || next.defaultValue !== field.defaultValue) return;
    if (field.type === "checkbox") next.checked = field.checked; else next.value = field.value;
    next.dataset.written = "yes";
  });
  let isRenewing = false;
  const renew = async () => {
    if (isRenewing) return;
    isRenewing = true;
    try {
      const answer = await fetch("/");
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.title = page.title;
      for (const id of ["heading", "offer", "plan"]) {
        const [part, next] = [$(id), page.getElementById(id)];
        const [state, used] = [kept(part), document.activeElement];
        keepWritten(part, next);
        part.replaceWith(next);
        restore(next, state);
        if (part.contains(used) && used.name) twin(used, next)?.focus({ preventScroll: true });
      }
      leaveOut();
      document.body.dataset.edition = page.body.dataset.edition;
    } catch { /* The next event asks again. */ } finally { isRenewing = false; }
  };

  const show = (now) => {
    // The program was started again: its scenario may be another one.
    if (now.program !== document.body.dataset.program) return location.reload();
    if (String(now.edition) !== document.body.dataset.edition) renew();
    const users = form.elements.user_count;
    const wasPhase = document.body.dataset.phase;
    document.body.dataset.phase = now.phase;
    const isRun = ["spawning", "running", "stopping"].includes(now.phase);
    $("begin").textContent = isRun ? "Change users" : now.run > 0 ? "Start again" : "Start";
    $("begin").disabled = $("stop").disabled = $("reset").disabled = now.phase === "stopping";
    if (now.run !== run) {
      run = now.run;
      waiting.clear();
      if (!now.whole) $("result").replaceChildren();
    }
    if (isRun && now.users_wanted > 0 && !users.dataset.written && document.activeElement !== users) users.value = now.users_wanted;
    if (wasPhase === "ready" && isRun) $("plan").querySelector("details").open = false;
    if (wasPhase !== now.phase && ["ready", "stopped"].includes(now.phase)) said.textContent = "";
    now.sections.forEach(([id, html]) => replace(id, html));
    if (now.log.length > 0 || now.whole) addLines(now.log, now.whole);
  };
  let again = 0;
  const connect = () => {
    source?.close();
    clearTimeout(again);
    // A browser has few connections to one address, and a page that nobody sees needs none.
    if (document.hidden) return;
    source = new EventSource("/live?row=" + encodeURIComponent(row));
    source.addEventListener("now", (event) => show(JSON.parse(event.data)));
    source.onerror = () => {
      const text = $("state").querySelector(".lead, .quiet");
      if (text) text.textContent = "The connection to the program is lost. This page comes back by itself when it answers again.";
      // After a refusal the browser does not try again by itself.
      if (source.readyState === EventSource.CLOSED) again = setTimeout(connect, 3000);
    };
  };
  document.addEventListener("visibilitychange", connect);

  document.addEventListener("change", (event) => {
    if (event.target.id !== "row") return;
    row = event.target.value;
    isChosen = true;
    waiting.delete("charts");
    connect();
  });
  ["focusin", "keydown", "pointerdown"].forEach((kind) => document.addEventListener(kind, (event) => {
    if (event.target.id === "row") touched = performance.now();
  }));

  const ask = async (path, body) => {
    said.className = "";
    said.textContent = "…";
    try {
      const answer = await fetch(path, { method: "POST", body });
      const text = await answer.text();
      let message = answer.ok ? text : answer.status === 401 ? "The program wants a token: open this page with its address." : `The program refused (${answer.status}).`;
      let isFine = answer.ok;
      try { ({ message, success: isFine } = JSON.parse(text)); } catch { /* a plain text */ }
      said.className = isFine ? "" : "bad";
      if (isFine && path === "/swarm") delete form.elements.user_count.dataset.written;
      said.textContent = isFine && message === "ok" ? "The statistics begin anew." : message;
    } catch {
      said.className = "bad";
      said.textContent = "The program does not answer.";
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const isRun = ["spawning", "running"].includes(document.body.dataset.phase);
    const fields = new URLSearchParams();
    const boxes = [...form.querySelectorAll("[name=user_classes]")];
    const all = boxes.every((box) => box.checked);
    [...form.elements].filter((field) => field.name).forEach((field) => {
      const { name, value } = field;
      if (isRun && name !== "user_count" && name !== "spawn_rate") return;
      if (field.type === "checkbox" && (!field.checked || (all && name === "user_classes"))) return;
      // A variable can be emptied. What is not written stays as the scenario has it.
      if (field.matches(".setting") ? !field.dataset.written || value === field.defaultValue : value === "") return;
      fields.append(name, value);
    });
    if (boxes.length > 0 && !boxes.some((box) => box.checked)) {
      said.className = "bad";
      said.textContent = "Choose at least one user class.";
      return;
    }
    ask("/swarm", fields);
  });
  // Beside the plan there is room for the whole form.
  if (matchMedia("(min-width: 68rem)").matches) $("offer").querySelector("details").open = true;
  // A browser that loads the page again fills in what was chosen.
  leaveOut();
  $("stop").addEventListener("click", () => ask("/stop"));
  $("reset").addEventListener("click", () => ask("/stats/reset"));
  connect();
})();
