"""Structures and a potential become residuals and Jacobian rows."""
