"""One file a flow: ``wants`` says whether a turn is its own, ``step`` answers it. All pure."""
