"""Where text comes from, and as which token ids a model is fed it."""
