"""`gradcheck` and `bench`: is every gradient right, and how fast is a training step?"""

from ...backend import array_module
from ...checking.check import TABLE_HEAD, TOLERANCE
from ...checking.library import library_reports
from .. import bench
from ..exit_codes import CHECK_FAILED, OK


def gradcheck_command(args):
    checks = []
    print(TABLE_HEAD)
    for report in library_reports(array_module(args.backend or "auto"), args.seed):
        print(report if args.all or not report.ok else report.summary())
        checks += report.checks
    wrong = sum(not check.ok for check in checks)
    worst = max(check.error for check in checks)
    print(f"{len(checks)} tensors checked against differences: {len(checks) - wrong} right, {wrong} wrong; "
          f"largest relative error {worst:.1e}, allowed {TOLERANCE:.0e}")
    return CHECK_FAILED if wrong else OK


def bench_command(args):
    bench.report(args.backend or "auto", args.batch)
    return OK
