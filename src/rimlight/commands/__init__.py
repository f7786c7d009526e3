"""The commands, a file each: words in, calls out. Imports what it needs when it is called: `--help` is quick."""
