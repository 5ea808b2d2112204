"""Qualification: who may sell what, shown by documents, reviewers and signed badges."""
