"""Drives the web interface of a Locust master whose workers are ours, with a browser: sets users and spawn rate, starts, sees
the rows of the scenario grow, looks at all tabs, changes the rate of a class and the topic of the messages in the running test, stops,
downloads the CSV files.

    python tests/peers/cluster_page.py URL FOLDER [--shots DIR]

It wants a scenario with the rows `report` and `forward`, a rate for the class `device` and the variable `topic`, and two workers. The
CSV files are in FOLDER then. Prints `fine` at the end; anything else is an exit code of 1 and the reason.
"""

import argparse
import pathlib
import re
import sys
import time

from browser import launch
from playwright.sync_api import sync_playwright

arguments = argparse.ArgumentParser()
arguments.add_argument("url")
arguments.add_argument("folder", type=pathlib.Path)
arguments.add_argument("--shots", type=pathlib.Path)
arguments = arguments.parse_args()


def wait_for(what, condition, seconds=25):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.2)
    sys.exit(f"not in {seconds} s: {what}")


with sync_playwright() as playwright:
    browser = launch(playwright)
    page = browser.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))

    def shoot(name):
        if arguments.shots:
            arguments.shots.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=arguments.shots / f"{name}.png", full_page=True)

    def tab(name):
        page.click(f"[role=tab]:has-text('{name}')")
        page.wait_for_timeout(700)
        shoot(name.lower().replace(" ", "-"))
        return page.inner_text("body")

    def cells():
        """The table of the open tab, by the first cell with a name of a row in it."""
        rows = page.eval_on_selector_all("tbody tr", "rows => rows.map((row) => [...row.cells].map((cell) => cell.innerText.trim()))")
        return {row[1]: row for row in rows if len(row) > 2}

    def requests(name):
        return int(cells().get(name, [0, 0, 0])[2])

    def state():
        return re.sub(r"\s+", " ", page.inner_text("header"))

    def set_rate(rate, topic):
        if not page.is_visible("[name=setUserClassesDeviceRate]"):
            page.click("text=Custom parameters")
        page.fill("[name=setUserClassesDeviceRate]", rate)
        page.fill("[name=setVarsTopic]", topic)

    page.goto(arguments.url)
    wait_for("both workers", lambda: re.search(r"Workers 2\b", state()))
    if "no host attribute" in page.inner_text("body"):
        sys.exit("the page asks for an address, which the scenario has")
    page.fill("[name=userCount]", "21")
    page.fill("[name=spawnRate]", "7")
    set_rate("2/s", "slow")
    shoot("start")
    page.click("button[type=submit]")
    wait_for("all users", lambda: re.search(r"RUNNING Users 21\b", state()))
    first = wait_for("rows have requests", lambda: requests("report") and requests("forward") and requests("report"))
    wait_for("the rows grow", lambda: requests("report") > first)
    wait_for("2 requests a second of each of 15 devices", lambda: 25 <= float(cells()["report"][-2]) <= 35)
    shoot("statistics")

    page.click("text=Edit")
    set_rate("6/s", "fast")
    shoot("edit")
    page.click("button[type=submit]")
    wait_for("6 requests a second of each", lambda: 75 <= float(cells()["report"][-2]) <= 105)

    page.click("[role=tab]:has-text('Workers')")
    workers = wait_for(
        "users, CPU and memory of each worker",
        lambda: [row for row in re.findall(r"\S+_\w{32}\s+running\s+(\d+)\s+([\d.]+)\s+[\d.]+ MB", page.inner_text("body")) if float(row[1]) > 0],
    )
    tab("Workers")
    if sorted(int(users) for users, _ in workers) != [10, 11] or any(len(cpu) > 4 for _, cpu in workers):
        sys.exit(f"workers: {workers}")
    failures = tab("Failures")
    if not re.search(r"MQTT\s+connect\s+cannot connect to 127\.0\.0\.1:1: Connection refused", failures):
        sys.exit(f"failures: {failures}")
    exceptions = tab("Exceptions")
    if re.search(r"Traceback\s*\n.*\d", exceptions):
        sys.exit(f"exceptions: {exceptions}")
    tab("Charts")
    if page.locator("canvas, svg").count() < 3:
        sys.exit("no charts")
    tab("Current ratio")
    logs = tab("Logs")
    page.click("text=/^vm/ >> nth=0") if re.search(r"^vm", logs, re.M) else None

    # A mistake in a field is an exception with its cure, and the users go on.
    page.click("text=Edit")
    set_rate("often", "fast")
    page.click("button[type=submit]")
    page.click("[role=tab]:has-text('Exceptions')")
    wait_for("the exception", lambda: "what was changed at the master is not followed" in page.inner_text("body"))
    page.wait_for_timeout(700)
    shoot("exception")
    page.click("[role=tab]:has-text('Statistics')")
    before = requests("report")
    wait_for("the users go on", lambda: requests("report") > before)

    page.click("text=Stop")
    wait_for("the end", lambda: "STOPPED" in state())
    page.wait_for_timeout(2500)
    shoot("stopped")
    page.click("[role=tab]:has-text('Download Data')")
    shoot("download")
    for name in ("requests", "failures", "exceptions"):
        with page.expect_download() as waiting:
            page.click(f"text=Download {name} CSV")
        waiting.value.save_as(arguments.folder / f"{name}.csv")
    if faults:
        sys.exit(f"faults: {faults}")
    browser.close()
print("fine")
