"""What would be found in a page, feed or file. Stores nothing, posts nothing.

see      the place, read as its source would be, and what else there is on it
words    that in words: what was taken and why, what is missing, the other lists
table    rows that fit a terminal
command  `feedbot preview`
"""
