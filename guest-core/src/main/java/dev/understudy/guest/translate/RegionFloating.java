package dev.understudy.guest.translate;

import static dev.understudy.guest.translate.RegionFrame.I;
import static dev.understudy.guest.translate.RegionFrame.J;
import static dev.understudy.guest.translate.RegionFrame.OPERATIONS;
import static dev.understudy.guest.translate.RegionFrame.SELF;

import dev.understudy.guest.floating.Rounding;
import dev.understudy.guest.hart.FloatingOperations;
import dev.understudy.guest.hart.Op;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.MethodTypeDesc;

/** The bytecode of floating-point computations: calls of {@link FloatingOperations}. */
final class RegionFloating
{
    private final RegionFrame frame;
    private final CodeBuilder to;

    RegionFloating(final RegionFrame frame)
    {
        this.frame = frame;
        to = frame.to;
    }

    /** Pushes what a computation gives. */
    void compute(final long instruction, final int op)
    {
        final int given = Op.rounding(instruction);
        final int mode = given == Rounding.DYN ? Math.max(frame.plan.rounding(), 0) : given;
        to.getstatic(SELF, "operations", OPERATIONS).loadConstant(op);
        if (RegionFrame.readsInteger(op))
        {
            frame.x(Op.rs1(instruction));
        }
        else
        {
            frame.f(Op.rs1(instruction));
        }
        if (op <= Op.FNMADD_D)
        {
            frame.f(Op.rs2(instruction));
            frame.f(Op.rs3(instruction));
            to.loadConstant(mode).invokevirtual(OPERATIONS, "fused", MethodTypeDesc.of(J, I, J, J, J, I));
        }
        else if (op <= Op.FSQRT_D)
        {
            frame.f(Op.rs2(instruction));
            to.loadConstant(mode).invokevirtual(OPERATIONS, "arithmetic", MethodTypeDesc.of(J, I, J, J, I));
        }
        else if (op <= Op.FMAX_D)
        {
            frame.f(Op.rs2(instruction));
            to.invokevirtual(OPERATIONS, "select", MethodTypeDesc.of(J, I, J, J));
        }
        else if (op <= Op.FMV_D_X)
        {
            to.loadConstant(mode).invokevirtual(OPERATIONS, "convert", MethodTypeDesc.of(J, I, J, I));
        }
        else if (op <= Op.FMV_X_D)
        {
            to.loadConstant(mode).invokevirtual(OPERATIONS, "toInteger", MethodTypeDesc.of(J, I, J, I));
        }
        else
        {
            frame.f(Op.rs2(instruction));
            to.invokevirtual(OPERATIONS, "compare", MethodTypeDesc.of(J, I, J, J));
        }
    }
}
