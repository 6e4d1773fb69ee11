"""Offers and 承诺卡: what we offer, whether it may be offered, what both sides agreed. Pure."""
