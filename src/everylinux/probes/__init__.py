"""What gathers facts: in a cell (with a Box) or from the artefact itself (its tree)."""
