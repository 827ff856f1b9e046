"""What `everylinux sabotage` does to a real distribution: one function for each fault.

Each module is a kind of damage. `means.py` has what they break with; see docs/sabotage.md.
"""
