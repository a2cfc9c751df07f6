"""Opens HTML reports in a headless Chromium and tries what a reader does.

    python tests/peers/report_in_browser.py [--shots FOLDER] REPORT.html...

Needs PyPI's `playwright` and a Chromium: that of the environment variable CHROMIUM, or of the search path. Exits with 1 if
a report logs an error, asks for anything over a network, scrolls sideways at 400 pixels, has a table that does not sort, a
chart that shows nothing under the pointer or for the arrow keys, a row that cannot be chosen, or a text that cannot be read
on its background. `--shots` writes pictures at 1280 and 400 pixels, light and dark.
"""

import argparse
import pathlib
import sys

from browser import launch
from playwright.sync_api import sync_playwright

# The contrast of each text with the nearest background behind it (WCAG 2), below what AA wants.
CONTRAST = """() => {
  const channels = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const weak = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || !element.checkVisibility() || element.closest("script")) continue;
    const style = getComputedStyle(element);
    const colour = element.closest("svg") ? style.fill : style.color;
    const [a, b] = [light(channels(colour)), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) weak.push(texts.currentNode.textContent.trim().slice(0, 40) + ": " + ratio.toFixed(2));
  }
  return [...new Set(weak)];
}"""


class Check:
    """What is wrong with one report."""

    def __init__(self, browser, path):
        self.browser = browser
        self.path = path
        self.wrong = []

    def open(self, width, scheme="light", **options):
        context = self.browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce", **options)
        page = context.new_page()
        page.on("console", lambda message: self.wrong.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        own = self.path.resolve().as_uri()
        asked = lambda request: request.url != own and not request.url.startswith("data:")
        page.on("request", lambda request: asked(request) and self.wrong.append(f"request: {request.url}"))
        page.goto(own)
        return page

    def expect(self, fact, text):
        if not fact:
            self.wrong.append(text)

    def looks(self, shots):
        for width in (1280, 400):
            for scheme in ("light", "dark"):
                page = self.open(width, scheme)
                wide = page.evaluate("document.documentElement.scrollWidth")
                self.expect(wide <= width, f"{width} px: the page is {wide} px wide")
                for weak in page.evaluate(CONTRAST):
                    self.wrong.append(f"{scheme}: too little contrast: {weak}")
                if shots:
                    page.screenshot(path=shots / f"{self.path.stem}-{width}-{scheme}.png", full_page=True)
                page.context.close()

    def tables(self):
        page = self.open(1280)
        page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        page.evaluate("document.querySelectorAll('.row-charts').forEach((charts) => { charts.hidden = false; })")
        for table in page.locator("table.sortable").all():
            name = table.locator("xpath=..").get_attribute("aria-label")
            for column, button in enumerate(table.locator("thead button").all()):
                button.focus()
                orders = []
                for _ in range(2):
                    page.keyboard.press("Enter")
                    orders.append(button.locator("xpath=..").get_attribute("aria-sort"))
                    values = table.evaluate(
                        """(table, column) => [...table.tBodies].map((body) => body.rows[0].cells[column])
                            .map((cell) => cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v))""",
                        column,
                    )
                    if all(isinstance(value, (int, float)) for value in values):
                        expected = sorted(values, reverse=orders[-1] == "descending")
                        self.expect(values == expected, f"table {name}: column {column} is not {orders[-1]}")
                self.expect(sorted(orders) == ["ascending", "descending"], f"table {name}: column {column}: {orders}")
        page.context.close()

    def charts(self):
        page = self.open(1280)
        tip = page.locator("#tip")
        rows = page.locator("#row option").count()
        for row in sorted({0, min(1, rows - 1), rows - 1}) if rows else [0]:
            if rows:
                page.select_option("#row", str(row))
                shown = [charts.get_attribute("id") for charts in page.locator(".row-charts").all() if charts.is_visible()]
                self.expect(shown == [f"row-{row}"], f"row {row} was chosen, {shown} is shown")
            for chart in page.locator("svg.chart:visible").all():
                name = chart.get_attribute("aria-label")
                chart.scroll_into_view_if_needed()
                # What scrolls hides the values; that has to be over.
                page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
                box = chart.bounding_box()
                page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
                self.expect(tip.is_visible() and any(c.isdigit() for c in tip.inner_text()), f"{name}: no values under the pointer")
                page.mouse.move(1, 1)
                self.expect(tip.is_hidden(), f"{name}: the values stay")
                chart.focus()
                said = set()
                for key in ("Home", "ArrowRight", "End"):
                    page.keyboard.press(key)
                    said.add(chart.get_attribute("aria-valuetext"))
                    self.expect(tip.is_visible(), f"{name}: no values for the key {key}")
                    self.expect("NaN" not in tip.inner_text(), f"{name}: {tip.inner_text()}")
                columns = int(chart.get_attribute("aria-valuemax")) + 1
                self.expect(len(said) == min(columns, 3), f"{name}: the arrow keys do not move: {said}")
                page.keyboard.press("Escape")
        page.context.close()

    def theme_and_no_script(self):
        page = self.open(1280)
        colour = "getComputedStyle(document.body).backgroundColor"
        before = page.evaluate(colour)
        page.click("#theme")
        self.expect(page.evaluate(colour) != before, "the button does not change the theme")
        page.emulate_media(media="print")
        self.expect(page.evaluate(colour) == "rgb(255, 255, 255)", "a dark page is printed dark")
        self.expect(not page.locator("#theme").is_visible(), "controls are printed")
        page.context.close()
        page = self.open(1280, java_script_enabled=False)
        self.expect(page.locator("main section").first.is_visible(), "nothing to read without a script")
        self.expect(not page.locator("#theme").is_visible(), "a button that does nothing without a script")
        page.context.close()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("reports", nargs="+", type=pathlib.Path)
    arguments.add_argument("--shots", type=pathlib.Path)
    given = arguments.parse_args()
    failed = False
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for path in given.reports:
            check = Check(browser, path)
            check.looks(given.shots)
            check.tables()
            check.charts()
            check.theme_and_no_script()
            for wrong in check.wrong:
                print(f"{path}: {wrong}")
            print(f"{path}: {'wrong' if check.wrong else 'fine'}")
            failed |= bool(check.wrong)
        browser.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
