"""What is to be done to a model, and with which texts."""
