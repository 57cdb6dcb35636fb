"""A study like those of Côte d'Ivoire: a survey of a cocoa belt, and what is true of it."""
