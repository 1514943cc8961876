"""A worker that is killed just before or just after its first mail: `dying_worker.py before|after …`."""

import asyncio
import os
import signal
import sys

from kikao.core import db as database
from kikao.core.jobs import drain
from kikao.notifications import kinds
from kikao.notifications.channels import Sent
from kikao.notifications.channels.email import Email, EmailChannel
from notifications import story


class Dying(EmailChannel):
    when = "after"

    async def send(self, message: Email) -> Sent:
        if self.when == "after":
            await super().send(message)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")


async def main(when: str, url: str, smtp_port: str, sms_url: str) -> None:
    kinds.add(*story.KINDS)
    mail = story.mail_channel(int(smtp_port), Dying)
    mail.when = when
    db = await database.connect(url, size=2)
    for queue in story.queues_of(db, mail, story.sms_channel(sms_url)):
        await drain(db, queue)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
