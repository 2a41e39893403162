"""A voice agent with a face: ``python example.py dev``, beside a running avsite agent."""

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, cli
from livekit.agents.utils.audio import audio_frames_from_file

try:
    from livekit.plugins import avsite  # type: ignore[import-untyped]
except ImportError:
    from rooms import provider as avsite

server = AgentServer()


@server.rtc_session(agent_name="greeter")
async def greet(ctx: JobContext) -> None:
    await ctx.connect()
    # Give it an stt, an llm and a tts, and it listens and answers.
    session: AgentSession[None] = AgentSession(resume_false_interruption=False)

    avatar = avsite.AvatarSession(avatar="house:maya")
    await avatar.start(session, room=ctx.room)

    await session.start(agent=Agent(instructions="You greet people."), room=ctx.room)
    await avatar.wait_for_join()
    await session.say("Hello! It is good to see you.", audio=audio_frames_from_file("hello.wav"))


if __name__ == "__main__":
    cli.run_app(server)
