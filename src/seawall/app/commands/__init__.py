"""The commands, a file each: what it is asked, and what it prints. A command imports what it needs when it runs."""
