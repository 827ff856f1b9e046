"""The agent's client: frames, one session over a pair of pipes, and where its program is."""

from everylinux.agent.binary import agent_path
from everylinux.agent.session import AgentSession, Hello
from everylinux.agent.terminal import Terminal

__all__ = ["AgentSession", "Hello", "Terminal", "agent_path"]
