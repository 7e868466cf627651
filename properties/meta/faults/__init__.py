"""Wrong implementations, one fault each."""
