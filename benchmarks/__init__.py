"""What feedbot's own work costs, as ratios to the bare libraries in one run; see README.md."""
