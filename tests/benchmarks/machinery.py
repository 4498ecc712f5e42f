"""The benchmark measured by itself: a batch of records against one call for each."""

from bench_rows import row

NAMES = [{"name": f"Buyer {number}"} for number in range(100)]


def one_by_one(env, _prepared):
    for vals in NAMES:
        env["res.partner"].create(vals)


@row("100 partners in one create", reference=one_by_one, aim=0.8)
def in_one_batch(env, _prepared):
    env["res.partner"].create(NAMES)
