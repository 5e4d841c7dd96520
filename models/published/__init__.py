"""Published energy figures, recomputed by closed forms with their papers' own assumptions. One small file per paper.

`figures.yaml` holds what is published, with its source; `published_rows()` puts beside each figure what its model gives
here. What cannot be reproduced is in the same table, with the reason. Nothing here takes a result of a simulation.
"""

from spikeloom.models.published.table import as_html, as_markdown, published_rows

__all__ = ["as_html", "as_markdown", "published_rows"]
