"""A simulator of Safaricom's Daraja API. It is not Safaricom, holds no money, and forgets when it stops."""
