"""The <fitting> of a job: the minimiser and its options."""
