"""Drives the live page with a browser, by keyboard alone where a person could: looks at the plan, starts 50 users, sees the
rows move, changes the users to 80, sorts a table, stops, downloads the CSV file and the report, starts a second run and
compares the two.

    python tests/peers/live_page.py URL [--shots DIR]

Prints `fine` at the end; anything else is an exit code of 1 and the reason.
"""

import argparse
import pathlib
import re
import sys
import tempfile
import time

from browser import launch
from playwright.sync_api import sync_playwright

arguments = argparse.ArgumentParser()
arguments.add_argument("url")
arguments.add_argument("--shots", type=pathlib.Path)
arguments = arguments.parse_args()

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 400, "height": 800}


def wait_for(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    sys.exit(f"not in {seconds} s: {what}")


def shoot(page, name):
    if arguments.shots is None:
        return
    arguments.shots.mkdir(parents=True, exist_ok=True)
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=arguments.shots / f"{name}-{size['width']}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)


def phase(page):
    return page.get_attribute("body", "data-phase")


def number(page, selector):
    text = page.text_content(selector) if page.query_selector(selector) else None
    return int(re.sub(r"\D", "", text)) if text and re.search(r"\d", text) else 0


def users_alive(page):
    return number(page, "#state .figures div:first-child b")


def requests(page):
    return number(page, "#part-rows tfoot td:nth-child(2)")


def press(page, selector, key="Enter"):
    """Moves to a button with the keyboard and presses it."""
    page.focus(selector)
    page.keyboard.press(key)


def fill(page, name, value):
    page.focus(f"[name={name}]")
    page.keyboard.press("Control+A")
    page.keyboard.type(value)


with sync_playwright() as playwright:
    browser = launch(playwright)
    context = browser.new_context(viewport=WIDE, accept_downloads=True)
    page = context.new_page()
    faults, foreign = [], []
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: foreign.append(request.url) if not request.url.startswith(arguments.url) and not request.url.startswith("data:") else None)
    page.on("dialog", lambda dialog: (faults.append("a dialog: " + dialog.message), dialog.dismiss()))
    page.goto(arguments.url)

    wait_for("the page is ready", lambda: phase(page) == "ready" and "No run" in page.text_content("#state"))
    plan = page.text_content("#plan pre")
    if "user class" not in plan or not page.is_visible("#plan pre"):
        sys.exit("the plan does not stand beside the form")
    shoot(page, "ready")

    fill(page, "user_count", "50")
    fill(page, "spawn_rate", "50")
    fill(page, "run_time", "2m")
    page.keyboard.press("Enter")
    wait_for("50 users are alive", lambda: users_alive(page) == 50)
    first = wait_for("rows have requests", lambda: requests(page))
    wait_for("the rows move", lambda: requests(page) > first)
    wait_for("charts grow", lambda: page.query_selector("#part-charts svg.chart path[data-name]"))

    fill(page, "user_count", "80")
    page.keyboard.press("Enter")
    wait_for("80 users are alive", lambda: users_alive(page) == 80)

    heading = "#part-rows thead th:nth-child(2)"
    press(page, heading + " button")
    wait_for("the table is sorted", lambda: page.get_attribute(heading, "aria-sort") == "descending")
    before = requests(page)
    wait_for("the table moves on", lambda: requests(page) > before)
    if page.get_attribute(heading, "aria-sort") != "descending":
        sys.exit("the order of the table is lost with new numbers")
    counts = [number(page, f"#part-rows tbody:nth-of-type({place}) td:nth-child(2)") for place in (1, 2)]
    if counts != sorted(counts, reverse=True):
        sys.exit(f"sorted wrongly: {counts}")

    titles = page.eval_on_selector_all("#row option", "options => options.map((option) => option.textContent)")
    page.focus("#row")
    page.select_option("#row", titles[-1])
    wait_for("the charts are those of the row", lambda: titles[-1] in (page.get_attribute("#part-charts svg.chart", "aria-label") or ""))
    if page.evaluate("document.activeElement.id") != "row":
        sys.exit("the choice of a row loses the focus")
    if page.input_value("[name=user_count]") != "80":
        sys.exit("the field of the users does not follow the run")
    chart = "#part-charts svg.chart"
    page.locator(chart).first.scroll_into_view_if_needed()

    def point_at_chart():
        box = page.locator(chart).first.bounding_box()
        for step in (0.5, 0.6):
            page.mouse.move(box["x"] + box["width"] * step, box["y"] + box["height"] * 0.5)
        return page.is_visible("#tip")

    wait_for("the values under the pointer", point_at_chart)
    time.sleep(2.5)
    if not page.is_visible("#tip"):
        sys.exit("new numbers take the chart away under the pointer")
    page.mouse.move(5, 5)
    shoot(page, "running")

    press(page, "#stop", "Space")
    wait_for("the run has ended", lambda: phase(page) == "stopped")
    wait_for("the log says so", lambda: "Stop" in page.text_content("#log"))
    wait_for("the result is whole", lambda: page.query_selector("#state .links a[href='/result.json']"))
    verdict = page.text_content("#part-verdict")
    if "So far" in verdict:
        sys.exit(f"the verdict is one up to now: {verdict}")
    shoot(page, "stopped")

    with tempfile.TemporaryDirectory() as folder:
        for address, start in (("/stats/requests/csv", "Type,Name,Request Count"), ("/stats/history/csv", "Timestamp,User Count"),
                               ("/stats/failures/csv", "Method,Name,Error"), ("/exceptions/csv", "Count,Message"),
                               ("/stats/report?download=1", "<!doctype html>"), ("/result.json", None)):
            link = f"#state .links a[href='{address}']"
            if address == "/result.json":
                answer = context.request.get(arguments.url.rstrip("/") + address)
                if answer.json()["aggregated"]["requests"] < first:
                    sys.exit("result.json has fewer requests than the page")
                continue
            with page.expect_download() as waiting:
                press(page, link)
            path = pathlib.Path(folder, "file")
            waiting.value.save_as(path)
            if not path.read_text().startswith(start):
                sys.exit(f"{address} begins with {path.read_text()[:80]!r}")

    fill(page, "user_count", "20")
    page.keyboard.press("Enter")
    wait_for("a second run goes on", lambda: "Run 2" in page.text_content("#state") and users_alive(page) == 20)
    wait_for("it has requests", lambda: requests(page))
    press(page, "#stop")
    wait_for("it has ended", lambda: phase(page) == "stopped")
    link = "#state .links a[href='/compare']"
    wait_for("the two runs can be compared", lambda: page.query_selector(link))
    with page.expect_navigation():
        press(page, link)
    wait_for("the comparison", lambda: page.query_selector("#verdict") and "run 1" in page.content() and "run 2" in page.content())
    shoot(page, "compared")

    if faults or foreign:
        sys.exit(f"faults: {faults}, requests to elsewhere: {foreign}")
    browser.close()
print("fine")
