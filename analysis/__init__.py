"""Decides: no network, no clock, no pages."""
