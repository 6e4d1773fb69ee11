"""Making and judging readers: augmentation, training, calibration, evaluation. Not for serving."""
