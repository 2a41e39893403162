"""A HeyGen that costs nothing: the documented protocol of generation v3, over a real socket."""
