"""A basic check of a page for people who use a keyboard, a screen reader or large type.

Not a full audit: every control has a name, headings go in order, one main, a language, images have alternatives, ids are
unique, nothing scrolls sideways, tables have headers. `smallest_text`: no visible text below so many CSS pixels.
"""

from pathlib import Path
from typing import Any

import pytest

_FINDINGS = """(smallest) => {
  const found = [], seen = new Set();
  const visible = (el) => el.checkVisibility ? el.checkVisibility() : el.offsetParent !== null;
  const name = (el) => (el.getAttribute('aria-label') || (el.labels && [...el.labels].map((l) => l.innerText).join(' ')) ||
    (el.getAttribute('aria-labelledby') || '').split(' ').map((id) => document.getElementById(id)?.innerText || '').join(' ') ||
    el.innerText || el.getAttribute('title') || '').trim();
  for (const el of document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, [role=region], nav'))
    if (visible(el) && !(el.tagName === 'NAV' && el.parentElement.tagName === 'BODY' && name(el)) && !name(el))
      found.push('no name: ' + el.outerHTML.slice(0, 120));
  const levels = [...document.querySelectorAll('h1, h2, h3, h4')].filter(visible).map((h) => Number(h.tagName[1]));
  if (levels.filter((l) => l === 1).length !== 1) found.push('h1 appears ' + levels.filter((l) => l === 1).length + ' times');
  levels.forEach((l, i) => { if (i && l > levels[i - 1] + 1) found.push(`h${levels[i - 1]} is followed by h${l}`); });
  if (document.querySelectorAll('main').length !== 1) found.push('there must be one main');
  if (!document.documentElement.lang) found.push('the page has no language');
  if (!document.title.trim()) found.push('the page has no title');
  for (const el of document.querySelectorAll('img:not([alt])')) found.push('img without alt');
  for (const el of document.querySelectorAll('[id]')) { if (seen.has(el.id)) found.push('id twice: ' + el.id); seen.add(el.id); }
  for (const el of document.querySelectorAll('table')) if (!el.querySelector('th[scope]')) found.push('table without headers');
  for (const el of document.querySelectorAll('[aria-describedby]'))
    for (const id of el.getAttribute('aria-describedby').split(' ')) if (!document.getElementById(id)) found.push('describedby nothing: ' + id);
  if (document.documentElement.scrollWidth > innerWidth + 1) found.push(`scrolls sideways: ${document.documentElement.scrollWidth} > ${innerWidth}`);
  if (smallest) for (const el of document.querySelectorAll('main *, nav *'))
    if (visible(el) && [...el.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && parseFloat(getComputedStyle(el).fontSize) < smallest)
      found.push(`text of ${getComputedStyle(el).fontSize}: ` + el.innerText.slice(0, 40));
  return found;
}"""


def check(page: Any, *, smallest_text: int = 0) -> None:
    """Fails with everything found on the page as it is now."""
    found = page.evaluate(_FINDINGS, smallest_text)
    assert found == [], f"{page.url}: {found}"


AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"


def audit(page: Any) -> None:
    """Fails with every serious or critical barrier that axe-core finds (WCAG 2.2 A and AA)."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.evaluate(
        "document.querySelectorAll('nav.tabs').forEach((bar) => bar.style.position = 'static')"
    )  # it covers what scrolls by
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = page.evaluate("(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}})", tags)
    grave = [
        f"{each['id']} ({each['impact']}): {each['nodes'][0]['html'][:160]}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert grave == [], f"{page.url}: {grave}"
