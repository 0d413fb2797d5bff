# SPDX-License-Identifier: Apache-2.0
# Entry of every guest: a0 = hart id, a1 = device tree. Sets up stack and bss, and a trap vector that calls
# trap(struct trap_frame *), which every guest may define.

    .section .text.start, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    la      sp, stack_top
    la      t0, __bss_start
    la      t1, __bss_end
1:  bgeu    t0, t1, 2f
    sd      zero, 0(t0)
    addi    t0, t0, 8
    j       1b
2:  la      t0, trap_entry
    csrw    stvec, t0
    call    main
    tail    finish

    .text
    .balign 4
    .globl trap_entry
trap_entry:
    addi    sp, sp, -272
    .irp    r, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd      x\r, \r * 8(sp)
    .endr
    csrr    t0, sepc
    sd      t0, 0(sp)
    mv      a0, sp
    call    trap
    ld      t0, 0(sp)
    csrw    sepc, t0
    .irp    r, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld      x\r, \r * 8(sp)
    .endr
    addi    sp, sp, 272
    sret

    .bss
    .balign 16
stack:
    .space  65536
stack_top:
