"""The specs: frozen models of TOML files, with errors that name file, line and fix."""
