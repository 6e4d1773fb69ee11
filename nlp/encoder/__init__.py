"""The pretrained base of the reader: multilingual-e5-small, cut down to Chinese chat."""
