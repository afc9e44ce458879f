"""Settings, mapping and secrets: read, checked as a whole, and reported with file, line and column."""
