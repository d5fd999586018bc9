"""Programs that nobody wrote, for tests that compare the methods on them."""
