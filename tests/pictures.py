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


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is not installed; install Debian's package chromium")
    sample = sample_folder()
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        settings = Settings(home=Path(home), source=str(sample / "issues.jsonl.gz"), criteria=sample / "criteria")
        page_file = weekly.run(settings, print).page
        assert page_file is not None
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_context(viewport={"width": 1120, "height": 880}, offline=True).new_page()
        page.goto(page_file.as_uri())
        page.wait_for_timeout(500)
        OUT.mkdir(exist_ok=True)
        page.screenshot(path=OUT / "week.png")
        browser.close()


if __name__ == "__main__":
    main()
