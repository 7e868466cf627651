"""What honest adapters differ in: what each offers, how it does it, and what it does not do."""
