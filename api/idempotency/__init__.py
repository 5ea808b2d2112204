"""One key, one effect, one final answer (``reliability.md``, 5.1).

    key         digests of a key and of a request; the command id that follows from them
    register    the rows of keys, and their SQL
    claims      the try-lock: who works on a key now
    clerk       every state of a key, and what is answered in it
    finisher    drives on what was interrupted, and lets old answers go

Route authors need none of it: they use `api.commands`.
"""
