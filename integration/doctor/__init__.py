"""Is this the model, the text and the context length that published numbers are about?"""
