"""An inspection as files and on a terminal."""
