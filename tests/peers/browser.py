"""Starts the browser of the system for Playwright."""

import os
import shutil
import sys

from playwright.sync_api import Error


def launch(playwright):
    """Returns a headless Chromium: that of CHROMIUM, or of the path, or Playwright's own.

    A browser may crash as it starts on a busy machine, which says nothing of what is tested. So it has three attempts.
    """
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    for attempts_left in (2, 1, 0):
        try:
            return playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        except Error as error:
            if not attempts_left:
                raise
            print(f"the browser did not start: {str(error).splitlines()[0]}", file=sys.stderr)
