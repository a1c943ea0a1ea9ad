"""The gateway room to Label Studio: what the product asks of it, and the one module that talks to it."""
