"""Drives the form of the live page with a browser: a tag leaves out the classes that have no such task, a variable is shown
and sent as plain text, and the form follows the file of the scenario.

    python tests/peers/live_page_form.py URL SCENARIO

SCENARIO is the file of the program at URL; it is edited. Prints `fine` at the end; anything else is an exit code of 1 and
the reason.
"""

import json
import pathlib
import sys
import time
import urllib.parse

from browser import launch
from playwright.sync_api import sync_playwright

URL, SCENARIO = sys.argv[1], pathlib.Path(sys.argv[2])


def wait_for(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    sys.exit(f"not in {seconds} s: {what}")


def equal(what, is_so, should_be):
    if is_so != should_be:
        sys.exit(f"{what}: {is_so!r}, and not {should_be!r}")


with sync_playwright() as playwright:
    browser = launch(playwright)
    page = browser.new_page()
    faults, sent = [], []
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: sent.append(urllib.parse.parse_qs(request.post_data or "", keep_blank_values=True)) if request.url.endswith("/swarm") else None)
    page.goto(URL)
    wait_for("the page is ready", lambda: "No run" in page.text_content("#state"))

    # A tag leaves out classes without such a task, and gives them back.
    classes = lambda: [page.is_checked(f"[name=user_classes][value={name}]") for name in ("one", "two")]
    page.check("[name=tags][value=loud]")
    equal("classes with the tag", classes(), [True, False])
    equal("the reason is there", page.is_visible("[value=two] ~ .no-task"), True)
    equal("the other class has none", page.is_visible("[value=one] ~ .no-task"), False)
    page.uncheck("[name=tags][value=loud]")
    equal("classes without a tag", classes(), [True, True])
    page.check("[name=tags][value=loud]")

    # A variable is plain text, and may be empty. What was not changed is not sent.
    equal("a text with quotes", page.input_value("[name='vars.quoted']"), 'say "hello"')
    page.fill("[name='vars.emptied']", "")
    page.fill("[name='vars.lines']", "one\ntwo")
    page.click("#begin")
    wait_for("the run goes on", lambda: page.get_attribute("body", "data-phase") == "running")
    equal("what was sent", sent[-1], {
        "user_count": ["2"], "spawn_rate": ["100"], "run_time": ["2s"], "user_classes": ["one"], "tags": ["loud"],
        "vars.emptied": [""], "vars.lines": ["one\ntwo"],
    })
    wait_for("the run has ended", lambda: page.get_attribute("body", "data-phase") == "stopped")

    # The form follows the file. What was written stays where the file says the same as before.
    page.fill("[name=user_count]", "7")
    page.fill("[name=spawn_rate]", "50")
    text = SCENARIO.read_text()
    SCENARIO.write_text(text.replace("spawn_rate = 100", "spawn_rate = 30").replace("[user_classes.two", "[user_classes.three").replace("a form", "another form"))
    wait_for("another title", lambda: page.text_content("h1") == "another form" and "another form" in page.title())
    equal("the new class", page.query_selector("[value=two]") is None and page.query_selector("[value=three]") is not None, True)
    equal("a changed value", page.input_value("[name=spawn_rate]"), "30")
    equal("a written value", page.input_value("[name=user_count]"), "7")
    equal("the class without the tag", page.is_checked("[value=three]"), False)
    equal("the plan", "user class three" in page.text_content("#plan pre"), True)
    SCENARIO.write_text(text.replace("topic", "topci"))
    wait_for("the mistakes", lambda: "topci" in page.text_content("#offer"))
    page.click("#begin")
    wait_for("the refusal", lambda: "topci" in page.text_content("#said"))
    equal("nothing runs", page.get_attribute("body", "data-phase"), "stopped")
    SCENARIO.write_text(text)
    wait_for("the mistakes are gone", lambda: "topci" not in page.text_content("#offer") and page.text_content("h1") == "a form")

    if faults:
        sys.exit(f"faults: {json.dumps(faults)}")
    browser.close()
print("fine")
