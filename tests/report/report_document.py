"""A report taken apart: what it is made of, and whether its tags close as they opened."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "br", "img", "input", "hr", "link"}
LOADING = {"src", "srcset", "data", "poster", "action", "xlink:href"}


class ReportDocument(HTMLParser):
    """The elements of a report; `words` is what is read outside of what is quoted, `quoted` what stands in `pre`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.described_by: list[str] = []
        self.styles = self.words = self.quoted = ""
        self.drawings: list[dict[str, str]] = []
        self._open: list[tuple[str, str]] = []
        self.feed(text)
        assert self._open == []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._element(tag, attrs)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._element(tag, attrs)
        if tag not in VOID:
            self._open.append((tag, dict(attrs).get("class") or ""))

    def _element(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = {name: value or "" for name, value in attrs}
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if "href" in values else []
        self.loads += [value for name, value in values.items() if name in LOADING]
        self.described_by += values.get("aria-labelledby", "").split()
        if tag == "svg":
            self.drawings.append({"title": "", "desc": "", "axes": "", "text": ""})

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self._open.pop()
        assert opened == tag

    def handle_data(self, data: str) -> None:
        inside = [tag for tag, _ in self._open]
        if "svg" in inside:
            if inside[-1] in {"title", "desc"}:
                self.drawings[-1][inside[-1]] += data
            elif any("role-axis-title" in kind for _, kind in self._open):
                self.drawings[-1]["axes"] += f"{data};"
            else:
                self.drawings[-1]["text"] += f"{data};"
        elif "style" in inside:
            self.styles += data
        elif "pre" in inside:
            self.quoted += data
        else:
            self.words += f" {data.strip()} " if data.strip() else ""
