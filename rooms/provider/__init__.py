"""avsite as the avatar of any LiveKit Agents voice agent.

avatar = avsite.AvatarSession(avatar="house:maya")
await avatar.start(session, room=ctx.room)
"""

from .avatar import AvatarError, AvatarSession

__all__ = ["AvatarError", "AvatarSession"]
