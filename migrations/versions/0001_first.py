"""The schema of the first release."""

from pathlib import Path

from alembic import op

from kikao.core.migrate import run_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_file(op.get_bind(), Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    run_file(op.get_bind(), Path(__file__).with_suffix(".down.sql"))
