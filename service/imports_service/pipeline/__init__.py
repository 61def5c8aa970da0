"""Documents to segments and back."""
