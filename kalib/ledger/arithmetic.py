"""What do dividing and rounding mean? The same on every engine: what DuckDB does, told to the others."""

from __future__ import annotations

import ibis.expr.datatypes as dtypes
import ibis.expr.operations as ops
import sqlglot.expressions as sge

_WHOLE = 2.0**52
"""From here on, a float has no decimals to round."""


class OneArithmetic:
    """Divides as floats and rounds floats half away from zero, in the very steps that DuckDB takes.

    Left alone, PostgreSQL drops the remainder when counts are divided, and Spark and PostgreSQL divide and round
    decimals where DuckDB works with floats: a ratio would differ in its last digit from engine to engine.
    Money is decimal everywhere and is not touched by this. To be mixed into one of Ibis's compilers, before it.
    """

    def visit_Divide(self, op: ops.Divide, *, left: sge.Expression, right: sge.Expression) -> sge.Expression:
        by = self.f.nullif(self.cast(right, dtypes.float64), self.cast(sge.convert(0), dtypes.float64))
        return sge.paren(sge.Div(this=self.cast(left, dtypes.float64), expression=by), copy=False)

    def visit_Round(self, op: ops.Round, *, arg: sge.Expression, digits: sge.Expression | None) -> sge.Expression:
        if not op.arg.dtype.is_floating() or not isinstance(op.digits, ops.Literal):
            return super().visit_Round(op, arg=arg, digits=digits)
        float64 = dtypes.float64
        scale = self.cast(sge.convert(10**op.digits.value), float64)
        scaled = sge.paren(sge.Mul(this=self.cast(arg, float64), expression=scale), copy=False)
        half = self.cast(sge.convert(0.5), float64)
        up = self.cast(self.f.floor(sge.Add(this=self.f.abs(scaled), expression=half)), float64)
        signed = sge.Mul(this=self.cast(self.f.sign(scaled), float64), expression=up)
        small = sge.LT(this=self.f.abs(scaled), expression=self.cast(sge.convert(_WHOLE), float64))
        rounded = self.if_(small, signed, scaled)
        return sge.paren(sge.Div(this=sge.paren(rounded, copy=False), expression=scale), copy=False)
