"""What is measured: ratios within one run. Nothing here fails because a machine is slow."""
