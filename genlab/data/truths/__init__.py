"""Exactly known distributions that several data sets share."""
