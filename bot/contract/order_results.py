"""Values of the label `result` of `bot_orders_total`: what became of an order that was sent."""

REJECTED = "rejected"
"""The venue refused it."""
LOST = "lost"
"""It had no answer, and was found out never to have been: the end of a question, not a new one."""
ANSWERED = frozenset({"acked", "partially_filled", "filled", "cancelled", REJECTED, LOST})
"""Values that end the question; with any other the venue said nothing."""
