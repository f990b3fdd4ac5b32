"""What the project is made of: a bill of materials, the licences, and known vulnerabilities."""
