"""A stand-in for a mail server and an SMS gateway. Keeps messages in memory and shows them; sends nothing."""
