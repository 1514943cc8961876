"""Sessions, as somebody may see them. Whom they do not concern, for those they do not exist."""
