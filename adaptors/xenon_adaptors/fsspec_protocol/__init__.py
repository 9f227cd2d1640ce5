"""How the ``fsspec`` adaptor speaks to fsspec implementations: opening, abilities, errors, data."""
