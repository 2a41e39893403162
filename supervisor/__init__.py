"""Starts everything avsite needs in one terminal, keeps it running, and leaves nothing behind.

``python -m supervisor``. Standard library only (and dotenv), no Django: it must come up in a blink and say
plainly what is wrong when the rest cannot.

    __main__    reads HOST, PORT and .env; exit status
    stack       order of start and stop, the box with the sign-in link
    table       which processes there are: a later one is one entry more
    process     one of them over all its lives: prefixed output, restart with backoff, stop
    child       one life of a program: output, death, signals
    prepare     what must be true before the start: port, Redis, database
    livekit     the LiveKit server's ports, secret and configuration
    guard       a second process that cleans up even when the supervisor is killed with -9
    console     prefixes, colours, the box
"""
