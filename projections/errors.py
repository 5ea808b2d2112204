"""What reading or building a view can end in, besides an answer."""

from chain.errors import ChainError


class ViewBehindError(ChainError):
    """The view has not come as far as was asked for; ask again a little later."""


class ViewOutdatedError(ChainError):
    """There is no live view that this program can read: build it anew."""


class RebuildUnderWayError(ChainError):
    """Somebody else is building this view."""


class SlotMovedError(ChainError):
    """Another runner has moved the view meanwhile; nothing of the batch was written."""
