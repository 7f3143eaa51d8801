"""Networks, their derivatives, and functions built of them."""
