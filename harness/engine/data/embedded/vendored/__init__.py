"""The sources of the embedded images; `NOTICE.md` beside this file names authors and licences."""
