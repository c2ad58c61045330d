"""What `run` serves: feeds, health, and the page that lists sources and counters."""
