"""One picture of a face in all sizes, lights and languages: what a person can look at."""

from __future__ import annotations

import re
from base64 import b64encode

from playwright.async_api import Browser

from .conftest import PICTURES

FOLDER = PICTURES / "faces"
_STYLE = """
body { margin: 0; padding: 16px; background: #777; color: #fff; font: 14px system-ui; width: 1568px; }
* { box-sizing: border-box; } h1 { font-size: 18px; margin: 0 0 12px; } figure { margin: 0; } img { display: block; }
div { display: flex; flex-wrap: wrap; gap: 12px; align-items: flex-start; margin-bottom: 12px; }
.w360 img { width: 375px; } .w1280 img { width: 762px; }
"""


async def keep(browser: Browser, title: str, pictures: dict[str, bytes]) -> None:
    """`pictures` by language, width and light: "sw 360 dark"."""
    rows = []
    for width in ("360", "1280"):
        shown = "".join(
            f'<figure class="w{width}"><figcaption>{name}</figcaption>'
            f'<img src="data:image/png;base64,{b64encode(picture).decode()}"></figure>'
            for name, picture in pictures.items() if f" {width} " in name
        )
        rows.append(f'<div>{shown}</div>')
    page = await browser.new_page(viewport={"width": 1568, "height": 900})
    await page.set_content(f"<style>{_STYLE}</style><h1>{title}</h1>{''.join(rows)}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    await page.screenshot(path=FOLDER / f"{name}.png", full_page=True)
    await page.close()
