"""From job.xml to a frozen Job."""
