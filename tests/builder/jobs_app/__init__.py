"""A room of the tests that registers kinds of job, for workers in processes of their own."""
