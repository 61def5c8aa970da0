"""Measurements beside their floors: ratios of one run on one database count, absolute figures do not."""
