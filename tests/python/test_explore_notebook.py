"""The notebook of `spikeloom explore` runs from its first cell to its last."""

import nbformat
from nbclient import NotebookClient
from small_study import MOST_SECONDS, PROGRAM, ROOT, needs_program

NOTEBOOK = ROOT / "sim/explore/explore.ipynb"


@needs_program
def test_every_cell_of_the_notebook_runs(monkeypatch):
    monkeypatch.setenv("SPIKELOOM_PROGRAM", str(PROGRAM))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    NotebookClient(notebook, timeout=MOST_SECONDS, kernel_name="python3").execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    assert len(shown) >= 5
