"""What people will see: feeds and messages, made from values alone."""
