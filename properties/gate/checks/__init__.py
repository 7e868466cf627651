"""The catalogue's properties, one file a subject."""
