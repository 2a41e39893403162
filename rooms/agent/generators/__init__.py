"""Everything that can be seen speaking. Each is a ``VideoGenerator`` of livekit-agents."""
