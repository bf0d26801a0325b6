"""A person's own data: what is read, how it is bounded, and the record that describes it."""
