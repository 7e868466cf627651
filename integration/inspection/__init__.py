"""Pruned checkpoints as subjects: is this one what it says it is?"""
