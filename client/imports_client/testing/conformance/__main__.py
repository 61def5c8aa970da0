"""`python -m imports_client.testing.conformance` says what is guaranteed, a line each."""

from imports_client.testing.conformance import GUARANTEES


def main() -> None:
    for guarantee in GUARANTEES.values():
        print(f"{guarantee.name:<44} {guarantee.sentence}")


if __name__ == "__main__":
    main()
