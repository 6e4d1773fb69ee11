"""``make bench``."""

from __future__ import annotations

from tests.benchmarks import (
    bench_encoder,
    bench_import,
    bench_intake,
    bench_naming,
    bench_profile,
    bench_reader,
)
from tests.resumes import measured


def main() -> None:
    bench_encoder.run()
    bench_reader.run()
    bench_intake.run()
    bench_import.run()
    bench_naming.run()
    bench_profile.run()
    measured.run()


if __name__ == "__main__":
    main()
