"""How near a career plan is to a role: 0 to 1, or None where too little was said."""
