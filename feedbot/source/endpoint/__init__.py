"""JSON endpoints: their rows by JMESPath, or by a guess."""
