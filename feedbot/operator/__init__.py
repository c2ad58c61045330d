"""What an operator does by hand, beside the process that is at work: deliveries and chats."""
