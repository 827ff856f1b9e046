"""Tests of the agent and its client."""
