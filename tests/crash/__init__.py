"""Killing the process that delivers, and counting what its chats received."""
