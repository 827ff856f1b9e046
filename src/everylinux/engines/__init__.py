"""Where cells come to life: an engine starts the agent somewhere, and nothing else."""
