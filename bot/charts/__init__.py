"""Charts as inline SVG: no script, no picture, no request. Colours are the page's, by class."""
