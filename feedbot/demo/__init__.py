"""What the demonstration runs against, all on loopback: real servers with invented contents."""
