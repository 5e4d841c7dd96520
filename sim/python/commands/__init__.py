"""One file for each subcommand: its options, its help and what it runs."""
