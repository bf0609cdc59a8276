"""Charts as SVG that follow the colours of the page around them. Only here is anything drawn."""
