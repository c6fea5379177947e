"""Every upper bound, with its unit in the name. A bound that an operator may change is in settings.py."""

orders_per_batch_max = 100
errors_per_reply_max = 1000
errors_counted_max = 10_000  # beyond those of a reply; reading ends there
items_per_order_max = 10_000
tags_per_order_max = 1000
tax_numbers_per_party_max = 100
carriers_per_integration_max = 100
ignored_fields_named_max = 20
ignored_fields_bytes_max = 4000

page_size_default = 100
page_size_max = 200
# A list sorts by itself what a filter leaves up to the first; beyond, it looks through the next rows up to the second.
listed_at_once_max = 5000
listed_nearby_max = 10_000
offset_max = 2**31 - 1
query_bytes_max = 16_384

key_chars_max = 255
text_chars_max = 4096
long_text_chars_max = 65_535
invoice_date_chars_max = 64
shop_name_chars_max = 250

money_max = 10**12  # exclusive
money_decimals = 6
number_decimals = 12
quantity_max = 2**31 - 1
id_max = 2**63 - 1

json_depth_max = 64
request_id_chars_max = 128
pointer_chars_max = 512  # of the place of a fault, whose member names may be as long as a body
# Larger texts are worked on beside the event loop, so that others are answered meanwhile.
bytes_at_once_max = 1_000_000

# Connections. How long one may wait for what is in settings.py.
head_bytes_max = 65_536
target_bytes_max = 32_768
bodies_bytes_max = 64 * 2**20  # of all requests of a worker; what does not fit is read later
taken_bytes_min = 65_536  # of an answer, within send_timeout_s; or all that is left of it
thrown_away_bytes_max = 100 * 2**20  # of what comes after the last answer
silence_after_answer_max_s = 5

# Lost insert races and deadlocks are repeated inside before a client sees a conflict.
write_attempts_max = 5
retry_after_s = 1
requests_per_window_max = 2**31 - 1
idempotency_hours = 24  # how long the answer to an Idempotency-Key is given again
