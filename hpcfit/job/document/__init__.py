"""The XML document: text, includes, schema, faults, and the values in its elements."""
