"""Fitted potentials and relaxed structures as files of other programs."""
