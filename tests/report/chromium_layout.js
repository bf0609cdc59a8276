// Finds words of a drawing that lie over one another or outside of it, and a page that is wider than its window.
window.onload = () => {
  const found = [];
  for (const drawing of document.querySelectorAll("svg")) {
    const box = drawing.getBoundingClientRect();
    const texts = [...drawing.querySelectorAll("text")]
      .filter((text) => text.textContent.trim() && getComputedStyle(text).opacity !== "0")
      .map((text) => ({ words: text.textContent, at: text.getBoundingClientRect() }));
    texts.forEach(({ words, at }, n) => {
      if (at.left < box.left - 1 || at.right > box.right + 1 || at.top < box.top - 1 || at.bottom > box.bottom + 1) {
        found.push(`outside: ${words}`);
      }
      for (const other of texts.slice(n + 1)) {
        const width = Math.min(at.right, other.at.right) - Math.max(at.left, other.at.left);
        const height = Math.min(at.bottom, other.at.bottom) - Math.max(at.top, other.at.top);
        // The rim of words is the same words.
        if (width > 1 && height > 3 && words !== other.words) found.push(`over one another: ${words} and ${other.words}`);
      }
    });
  }
  if (document.documentElement.scrollWidth > window.innerWidth) found.push("wider than the window");
  document.body.innerHTML = "<pre id='found'></pre>";
  document.getElementById("found").textContent = found.join("\n");
};
