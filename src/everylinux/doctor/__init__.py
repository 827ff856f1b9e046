"""What this machine has, what it lacks, and what each missing thing costs."""
