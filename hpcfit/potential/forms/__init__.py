"""What is known of each potential beside what its kernel says: one file for each."""
