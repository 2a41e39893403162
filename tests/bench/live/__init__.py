"""What a viewer of a live avatar gets, measured by a process that watches it over a real LiveKit server.

server    the server, and tokens for it          material  what is said, and its pictures made ready
avatars   publishers, each a process             agent     the product's agent, whole
voice     another agent, heard through an avatar viewer    the process that watches and listens
figures   from what it noted to numbers          scenario  one publisher before one viewer
crowd     many at once, one too many, memory     tables    what is printed
"""
