"""An example of a package that adds a PSA and a source: small enough to be read in one go."""
