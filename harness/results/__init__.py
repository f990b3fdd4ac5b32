"""What is stored, for people and their programs: runs, frames, maps, and who asks for what."""
