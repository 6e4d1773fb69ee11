"""What we talk about: the router picks one flow, the flow takes one step."""
