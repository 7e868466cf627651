"""What an adapter is tried on: layers, and inputs cut into batches."""
