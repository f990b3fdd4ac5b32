"""One file per predicate: its sentence for the reader, and its evaluation on cells."""
