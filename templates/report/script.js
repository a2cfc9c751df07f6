"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("script");

  // Light or dark: the reader's system decides until the button is pressed.
  document.getElementById("theme")?.addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  // A printed page has all that it could show.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((details) => { details.open = false; }));

  // The charts of one row at a time.
  document.getElementById("row")?.addEventListener("change", (event) => {
    document.querySelectorAll(".row-charts").forEach((charts) => {
      charts.hidden = charts.id !== "row-" + event.target.value;
    });
  });

  // Sorting: numbers by data-v, texts by what they say. A row and its parts are one tbody.
  const collator = new Intl.Collator("en", { numeric: true });
  const makeSortable = (table) => {
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = heading.textContent;
      heading.replaceChildren(button);
      button.addEventListener("click", () => {
        const isText = table.tBodies[0]?.rows[0].cells[column].dataset.v === undefined;
        const first = isText ? "ascending" : "descending";
        const other = isText ? "descending" : "ascending";
        const order = heading.getAttribute("aria-sort") === first ? other : first;
        const sign = order === "ascending" ? 1 : -1;
        const value = (body) => {
          const cell = body.rows[0].cells[column];
          return isText ? cell.textContent : Number(cell.dataset.v);
        };
        const compare = isText ? collator.compare : (a, b) => a - b;
        const bodies = [...table.tBodies].sort((a, b) => sign * compare(value(a), value(b)));
        bodies.forEach((body) => table.insertBefore(body, table.tFoot));
        [...table.tHead.rows[0].cells].forEach((cell) => cell.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", order);
      });
    });
  };

  // Numbers, as in the tables: three digits in the unit that fits.
  const digits = (number) => {
    const places = number >= 99.95 ? 0 : number >= 9.995 ? 1 : number >= 0.9995 ? 2 : 3;
    return number.toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places });
  };
  const write = {
    time: (ms) => ms < 0.9995 ? Math.round(ms * 1000) + " µs" : ms < 999.5 ? digits(ms) + " ms"
      : ms < 59950 ? digits(ms / 1000) + " s" : digits(ms / 60000) + " min",
    rate: (value) => (value === 0 ? "0" : digits(value)) + "/s",
    count: (value) => Math.round(value).toLocaleString("en"),
    percent: (value) => (value === 0 ? "0" : digits(value)) + " %",
  };
  const span = (values, quantity) => {
    if (values.length === 0) return "–";
    const [from, to] = [Math.min(...values), Math.max(...values)].map(write[quantity]);
    return from === to ? from : from + " to " + to;
  };
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  const clock = (seconds, whole) => whole < 120 ? +seconds.toFixed(1) + " s"
    : (whole < 7200 ? "" : Math.floor(seconds / 3600) + ":")
      + (whole < 7200 ? Math.floor(seconds / 60) : two(seconds / 60 % 60)) + ":" + two(seconds % 60);

  // The titles of runs, in the order of charts over runs; a table can be sorted later.
  const runs = [...document.querySelectorAll("[data-run]")].map((element) => element.dataset.run);

  const tip = document.getElementById("tip");
  const part = (tag, ...texts) => {
    const element = document.createElement(tag);
    texts.forEach((text) => {
      const piece = document.createElement("span");
      piece.textContent = text;
      element.append(piece);
    });
    return element;
  };

  // A chart: its columns, and what the values in each are. They are read from the paths.
  let charts = [];
  const readChart = (svg) => {
    // What Across::words and Scale::words say, in their order.
    const [across, ...x] = svg.dataset.x.split(" ");
    const [width, step, last, started] = x.map(Number);
    const [interval, decades] = across === "time" ? [last, 0] : [0, last];
    const [quantity, kind, ...y] = svg.dataset.y.split(" ");
    const [low, high, height] = y.map(Number);
    const [cellsAcross, bands, firstCell] = (svg.dataset.cells ?? "0 0 0").split(" ").map(Number);
    const valueAt = (share) => kind === "log" ? low * (high / low) ** share : low + (high - low) * share;
    const columns = Math.ceil(width / step) + (across === "quantile" ? 1 : 0);
    let lines = null;
    const read = () => lines ??= [...svg.querySelectorAll("path[data-name]")].map((path) => {
      const values = Array.from({ length: columns }, () => []);
      const numbers = (path.getAttribute("d").match(/-?\d+/g) ?? []).map(Number);
      for (let i = 0, x = 0, y = 0; i < numbers.length; i += 2) {
        x += numbers[i];
        y += numbers[i + 1];
        values[Math.min(Math.floor(x / step), columns - 1)].push(valueAt(1 - y / height));
      }
      return { name: path.dataset.name, values };
    });
    let cells = null;
    // The picture of a heat map is not compressed: two cells a byte, and a byte before each line.
    const shade = (column, band) => {
      cells ??= atob(svg.querySelector("image").getAttribute("href").split(",")[1]);
      const byte = cells.charCodeAt(firstCell + (bands - 1 - band) * (Math.ceil(cellsAcross / 2) + 1) + (column >> 1));
      return column % 2 ? byte & 15 : byte >> 4;
    };
    const marks = [...svg.querySelectorAll(".marks text")].map((mark) => [parseFloat(mark.getAttribute("x")) / 100, mark.textContent]);
    const chart = { svg, across, width, step, bands, columns, column: null, band: 0 };
    chart.center = (column) => Math.min(across === "quantile" ? column / width : (column + 0.5) * step / width, 1);
    chart.title = (column) => {
      if (across === "runs") return runs[column];
      if (across === "quantile") {
        const slower = 10 ** (-decades * column / width);
        const nines = Math.max(0, Math.ceil(-Math.log10(slower)) - 1);
        return (100 * (1 - slower)).toFixed(column ? nines : 0) + " % of the requests took at most";
      }
      const whole = width / 2 * interval;
      const from = column * step / 2 * interval;
      const to = Math.min((column + 1) * step / 2 * interval, whole);
      const stage = marks.filter(([at]) => at <= chart.center(column)).pop();
      const utc = started ? new Date((started + from) * 1000).toISOString().slice(11, 19) + " UTC" : "";
      return clock(from, whole) + " to " + clock(to, whole) + (utc && ", " + utc) + (stage ? ", stage " + stage[1] : "");
    };
    chart.rows = (column) => {
      if (!bands) return read().map((line) => [line.name, span(line.values[column], quantity)]);
      const row = (band) => {
        const level = shade(column, band);
        // The shares of heat.rs: from 0.01 % to 32 % in 15 steps of equal ratio.
        const share = (of) => +(100 * 10 ** (-4 + 3.5 * of / 15)).toPrecision(2) + " %";
        const words = level === 0 ? "no request" : level === 1 ? "up to " + share(1)
          : level === 15 ? share(14) + " or more" : share(level - 1) + " to " + share(level);
        return [write.time(valueAt(band / bands)) + " to " + write.time(valueAt((band + 1) / bands)), words];
      };
      return [row(chart.band)];
    };
    chart.fullest = (column) => [...Array(bands).keys()].reduce(
      (best, band) => shade(column, band) > shade(column, best) ? band : best, 0);
    return chart;
  };

  const inside = (svg) => {
    const box = svg.getBoundingClientRect();
    const style = getComputedStyle(svg);
    const [left, right, top, bottom] = ["Left", "Right", "Top", "Bottom"].map((side) => parseFloat(style["padding" + side]));
    return { left: box.left + left, top: box.top + top, width: box.width - left - right, height: box.height - top - bottom };
  };
  const cursor = (chart, share) => {
    let line = chart.svg.querySelector(".cursor");
    if (share === null) return line?.remove();
    if (!line) {
      line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      line.setAttribute("class", "cursor");
      line.setAttribute("y2", "100%");
      chart.svg.append(line);
    }
    line.setAttribute("x1", share * 100 + "%");
    line.setAttribute("x2", share * 100 + "%");
  };
  const hide = (chart) => {
    chart.column = null;
    tip.hidden = true;
    charts.forEach((other) => cursor(other, null));
  };
  const show = (chart, column) => {
    chart.column = Math.max(0, Math.min(chart.columns - 1, column));
    const [title, rows] = [chart.title(chart.column), chart.rows(chart.column)];
    tip.replaceChildren(part("b", title), ...rows.map(([name, value]) => part("div", name, value)));
    tip.hidden = false;
    // The moment is marked in all charts over time, the run in all charts over runs.
    const share = chart.center(chart.column);
    charts.forEach((other) => cursor(other, other === chart || (chart.across !== "quantile" && other.across === chart.across) ? share : null));
    const box = inside(chart.svg);
    const at = box.left + box.width * share;
    const left = at + 14 + tip.offsetWidth < innerWidth ? at + 14 : Math.max(8, at - 14 - tip.offsetWidth);
    const top = Math.max(8, Math.min(box.top + 4, innerHeight - tip.offsetHeight - 8));
    tip.style.transform = "translate(" + Math.round(left) + "px," + Math.round(top) + "px)";
    chart.svg.setAttribute("aria-valuenow", chart.column);
    chart.svg.setAttribute("aria-valuetext", title + ": " + rows.map((row) => row.join(" ")).join(", "));
  };

  const makeReadable = (chart) => {
    const { svg, across, width, step, bands } = chart;
    svg.setAttribute("tabindex", "0");
    // A slider is what screen readers know to move through values.
    svg.setAttribute("role", "slider");
    svg.setAttribute("aria-valuemin", "0");
    svg.setAttribute("aria-valuemax", chart.columns - 1);
    svg.setAttribute("aria-valuenow", "0");
    const point = (event) => {
      const box = inside(svg);
      const [right, down] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
      if (right < -0.02 || right > 1.02 || down < -0.1 || down > 1.1) return hide(chart);
      if (bands) chart.band = Math.max(0, Math.min(bands - 1, Math.floor((1 - down) * bands)));
      const units = right * width;
      show(chart, across === "quantile" ? Math.round(units) : Math.floor(units / step));
    };
    svg.addEventListener("pointermove", point);
    svg.addEventListener("pointerdown", point);
    svg.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hide(chart); });
    svg.addEventListener("blur", () => hide(chart));
    svg.addEventListener("keydown", (event) => {
      const now = chart.column;
      const moves = { ArrowLeft: (now ?? 1) - 1, ArrowRight: (now ?? -1) + 1, Home: 0, End: chart.columns - 1,
        PageUp: (now ?? 0) - 10, PageDown: (now ?? 0) + 10 };
      if (event.key === "Escape") return hide(chart);
      let column = moves[event.key];
      if (bands && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
        column = now ?? 0;
        chart.band = Math.max(0, Math.min(bands - 1, chart.band + (event.key === "ArrowUp" ? 1 : -1)));
      } else if (column === undefined) {
        return;
      } else if (bands) {
        chart.band = chart.fullest(Math.max(0, Math.min(chart.columns - 1, column)));
      }
      event.preventDefault();
      show(chart, column);
    });
  };
  addEventListener("scroll", () => { if (!tip.hidden && document.activeElement?.role !== "slider") charts.forEach(hide); }, { passive: true });

  // What a reader can do with a part of the page. A live page says with the event "replaced" that a part is new.
  const enliven = (part) => {
    part.querySelectorAll("table.sortable").forEach(makeSortable);
    const found = [...part.querySelectorAll("svg.chart")].map(readChart);
    charts = charts.filter((chart) => chart.svg.isConnected).concat(found);
    found.forEach(makeReadable);
  };
  document.addEventListener("replaced", (event) => enliven(event.target));
  enliven(document);
})();
