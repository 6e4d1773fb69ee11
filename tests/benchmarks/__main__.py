"""``make bench``."""

from __future__ import annotations

from tests.benchmarks import bench_intake


def main() -> None:
    bench_intake.run()


if __name__ == "__main__":
    main()
