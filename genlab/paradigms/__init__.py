"""One folder for each way of generating data; none imports another."""
