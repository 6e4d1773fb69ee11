"""How well a reader reads: figures with intervals, baselines beside it, a page that shows them."""
