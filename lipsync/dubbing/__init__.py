"""A video in another language: stages from files to files, each kept with a hash of what it was made of."""
