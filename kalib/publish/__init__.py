"""How do tables become pages? Knows papermill, nbconvert, Excel and words, and nothing of marketing."""
