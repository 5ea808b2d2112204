"""The stream index: what each stream's head was, committed so that a history is whole or not.

The entry chain shows gaps inside a history; the stream index shows where it ends. For
aligned ranges of the log it lists every stream's last entry and every type's entries,
hashes the lists as RFC 6962 trees, and commits to the roots in the log itself. What is
complete or absent is then proven with inclusion in those trees and nothing else.
``docs/stream-index.md`` is the specification, byte by byte.

    ranges       aligned ranges of the log, and covers of [0, N)
    rows         what a list holds of a stream and of a type
    commitment   the roots of a cover, as an ``index.committed`` entry says them
    inclusion    one or two neighbouring rows in a list's tree
    heads        a history is complete, or there is none
    topics       all entries of some types in a range, and no other
"""
