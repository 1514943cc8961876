"""Faces of the pages of psychologist, desk, finance and admin."""

from __future__ import annotations
