"""One module a platform. They are found by name; nothing imports them."""
