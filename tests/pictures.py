"""Makes the pictures of the README from the committed sample: `make pictures`."""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from pipelines import weekly
from pipelines.sample_desk import sample_folder
from pipelines.settings import Settings

OUT = Path(__file__).parent / "pictures"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
# name of the picture, page, width and height of the window
PICTURES = (
    ("week", "index.html", 1180, 1130),
    ("scorecard", "scorecard.html", 1180, 1130),
    ("queue", "queue.html", 1180, 760),
    ("pattern", "families/SUP-68.html", 1180, 760),
    ("ticket", "tickets/SUP-1132.html", 420, 860),
)


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is not installed; install Debian's package chromium")
    sample = sample_folder()
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        settings = Settings(home=Path(home), source=str(sample / "issues.jsonl.gz"), criteria=sample / "criteria")
        review = weekly.run(settings, print).page
        assert review is not None
        OUT.mkdir(exist_ok=True)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, path, width, height in PICTURES:
            page = browser.new_context(viewport={"width": width, "height": height}, offline=True).new_page()
            page.goto((review.parent / path).as_uri())
            page.wait_for_selector("html[data-charts=drawn]", state="attached")
            page.screenshot(path=OUT / f"{name}.png")
            page.context.close()
        browser.close()


if __name__ == "__main__":
    main()
