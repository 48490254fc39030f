"""No rows yet: this room computes from what it is given. Its first table goes here, and only the room will read it."""
