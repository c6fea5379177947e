"""How fast the server is, beside what the machine could do at best. Run it with `make bench`."""
