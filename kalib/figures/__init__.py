"""Figures: a finished table comes in, its picture in the style of the house goes out."""
