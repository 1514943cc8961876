"""The operator's door."""


def main() -> int:
    return 0
