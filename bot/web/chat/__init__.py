"""``/chat/{token}``: the candidate's own page. The link is the proof of who is writing.

It works without scripts by plain forms; with them it is live. What is written comes in over the
same door as from any platform.
"""
