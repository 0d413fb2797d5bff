/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Entry of every guest, and of every trap. Firmware enters with a0 = hart id, a1 = device tree, satp = 0.
 */

#define STACK_BYTES        65536
#define TRAP_STACK_BYTES   16384

/* struct trap_frame: x1..x31 at 8 * number, then the four below. */
#define FRAME_SEPC    256
#define FRAME_SCAUSE  264
#define FRAME_STVAL   272
#define FRAME_SSTATUS 280
#define FRAME_BYTES   288

    .section .text.start, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    csrw    sie, zero
    csrci   sstatus, 2
    la      sp, stack_top
    la      t0, bss_start
    la      t1, bss_end
1:  bgeu    t0, t1, 2f
    sd      zero, 0(t0)
    addi    t0, t0, 8
    j       1b
2:  la      t0, trap_stack_top
    csrw    sscratch, t0
    la      t0, trap_entry
    csrw    stvec, t0
    call    guest_start
3:  wfi
    j       3b

/*
 * sscratch holds the top of the trap stack, or zero while a trap is being handled: a trap within a trap is a bug
 * and is reported from a stack of its own, whatever state the others are in.
 */
    .text
    .balign 4
    .globl trap_entry
trap_entry:
    csrrw   sp, sscratch, sp
    beqz    sp, nested
    addi    sp, sp, -FRAME_BYTES
    sd      x1, 8(sp)
    sd      x3, 24(sp)
    sd      x4, 32(sp)
    sd      x5, 40(sp)
    sd      x6, 48(sp)
    sd      x7, 56(sp)
    sd      x8, 64(sp)
    sd      x9, 72(sp)
    sd      x10, 80(sp)
    sd      x11, 88(sp)
    sd      x12, 96(sp)
    sd      x13, 104(sp)
    sd      x14, 112(sp)
    sd      x15, 120(sp)
    sd      x16, 128(sp)
    sd      x17, 136(sp)
    sd      x18, 144(sp)
    sd      x19, 152(sp)
    sd      x20, 160(sp)
    sd      x21, 168(sp)
    sd      x22, 176(sp)
    sd      x23, 184(sp)
    sd      x24, 192(sp)
    sd      x25, 200(sp)
    sd      x26, 208(sp)
    sd      x27, 216(sp)
    sd      x28, 224(sp)
    sd      x29, 232(sp)
    sd      x30, 240(sp)
    sd      x31, 248(sp)
    csrrw   t0, sscratch, zero
    sd      t0, 16(sp)
    csrr    t0, sepc
    sd      t0, FRAME_SEPC(sp)
    csrr    t0, scause
    sd      t0, FRAME_SCAUSE(sp)
    csrr    t0, stval
    sd      t0, FRAME_STVAL(sp)
    csrr    t0, sstatus
    sd      t0, FRAME_SSTATUS(sp)
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    mv      a0, sp
    call    trap

    ld      t0, FRAME_SEPC(sp)
    csrw    sepc, t0
    ld      t0, FRAME_SSTATUS(sp)
    csrw    sstatus, t0
    addi    t0, sp, FRAME_BYTES
    csrw    sscratch, t0
    ld      x1, 8(sp)
    ld      x3, 24(sp)
    ld      x4, 32(sp)
    ld      x5, 40(sp)
    ld      x6, 48(sp)
    ld      x7, 56(sp)
    ld      x8, 64(sp)
    ld      x9, 72(sp)
    ld      x10, 80(sp)
    ld      x11, 88(sp)
    ld      x12, 96(sp)
    ld      x13, 104(sp)
    ld      x14, 112(sp)
    ld      x15, 120(sp)
    ld      x16, 128(sp)
    ld      x17, 136(sp)
    ld      x18, 144(sp)
    ld      x19, 152(sp)
    ld      x20, 160(sp)
    ld      x21, 168(sp)
    ld      x22, 176(sp)
    ld      x23, 184(sp)
    ld      x24, 192(sp)
    ld      x25, 200(sp)
    ld      x26, 208(sp)
    ld      x27, 216(sp)
    ld      x28, 224(sp)
    ld      x29, 232(sp)
    ld      x30, 240(sp)
    ld      x31, 248(sp)
    ld      x2, 16(sp)
    sret

nested:
    la      sp, nested_stack_top
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    call    trap_nested
1:  j       1b

    .bss
    .balign 4096
    .space  STACK_BYTES
    .globl  stack_top
stack_top:
    .space  TRAP_STACK_BYTES
trap_stack_top:
    .space  4096
nested_stack_top:
