"""Tell people how a command ended: after it, in a bounded time, and whatever comes of it changes nothing.

``ready`` when a command begins, so that what cannot work is an error before anything is written; ``tell`` when it has
ended.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psarecon.config.notify_rules import template_text
from psarecon.config.secrets import Reference, Resolver
from psarecon.config.settings import Receiver
from psarecon.notify.message import Ending, message, wanted
from psarecon.notify.sending import opened, send

#: Seconds that all messages of one command may take together.
SECONDS = 10.0


@dataclass(slots=True)
class Ready:
    """A receiver that can be told something. ``trouble`` stays what it is as long as nothing was delivered."""

    receiver: Receiver
    sender: Any
    template: str | None
    trouble: str = field(default="")

    def tell(self, ending: Ending) -> None:
        """Render and send; never raises."""
        try:
            title, text = message(ending, self.template)
        except Exception as error:  # noqa: BLE001 - a template can do anything wrong; its names are a stranger's
            self.trouble = f"its template failed with {type(error).__name__}"
            return
        self.trouble = send(self.sender, title, text, ending.kind) if text else "its template gives no text"


def ready(receivers: Sequence[Receiver], resolver: Resolver, directory: Path) -> list[Ready]:
    """The receivers, their addresses looked up. Raises InvalidInput, SecretMissing."""
    return [
        Ready(
            one,
            opened(one, resolver.secret(one.url, one.setting).reveal()),
            None if one.template is None else template_text(directory, one.template),
        )
        for one in receivers
    ]


def tell(receivers: Sequence[Ready], ending: Ending, seconds: float = SECONDS) -> list[str]:
    """Tell whoever is to hear of it, all at once. Answers, in words for a person, what was not delivered.

    What is under way after ``seconds`` is left behind: it ends with the process.
    """
    told = [one for one in receivers if wanted(one.receiver, ending)]
    for one in told:
        one.trouble = f"was not delivered within {seconds:.0f} s"
    threads = [threading.Thread(target=one.tell, args=(ending,), daemon=True) for one in told]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return [f"notification to {_name(one.receiver)}: {one.trouble}" for one in told if one.trouble]


def _name(receiver: Receiver) -> str:
    """A receiver as it may be shown."""
    return f"{receiver.setting} ({Reference.parse(receiver.url)})"
