"""What every room reports with: whole files, and other people's words that nothing obeys."""
