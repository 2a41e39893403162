"""Stand-ins for services that cost money, over real sockets."""
