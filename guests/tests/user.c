// SPDX-License-Identifier: Apache-2.0
/*
 * A program in user mode on pages of its own: calls and returns, what it may not do, and what the supervisor finds in
 * sstatus at a trap and leaves there by sret.
 */
#include "paging.h"
#include "wait.h"

#define USER_CODE 0x40000000UL
#define USER_DATA 0x40010000UL

#define CALL_ADD  1UL
#define CALL_EXIT 2UL

#define ALL (PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)

static uint8_t data[PAGE_BYTES] __attribute__((aligned(4096)));

struct outcome
{
    uint64_t scause;
    uint64_t stval;
    uint64_t sepc;
    uint64_t sstatus;
    uint64_t a0;
};

static volatile struct outcome outcome;
static volatile unsigned calls;
static uint64_t return_to;
static uint64_t kernel_registers[14];

/*
 * The programs, all independent of their position and on one page. Each enters with a0 as its argument.
 */
extern char user_page[];
extern char user_adds[];
extern char user_ebreak[];
extern char user_sstatus[];
extern char user_sret[];
extern char user_wfi_loop[];
extern char user_fence[];
extern char user_loads[];
extern char user_stores[];
extern char user_jumps[];
extern char user_registers[];
extern char user_time[];
extern char user_instret[];

__asm__(
    ".pushsection .text, \"ax\"\n"
    ".option push\n.option norvc\n.option norelax\n"
    ".balign 4096\n"
    "user_page:\n"
    // Calls the supervisor to add 1, a0 times; ends with the sum.
    "user_adds:\n"
    "  mv   s0, a0\n"
    "  li   a0, 0\n"
    "1: li  a7, 1\n"
    "  ecall\n"
    "  addi s0, s0, -1\n"
    "  bnez s0, 1b\n"
    "  li   a7, 2\n"
    "  ecall\n"
    "user_ebreak: ebreak\n"
    "user_sstatus: csrr a0, sstatus\n"
    "user_sret: sret\n"
    "user_fence: sfence.vma\n"
    "user_wfi_loop: addi a0, a0, 1\n"
    "  j user_wfi_loop\n"
    "user_loads: ld a0, 0(a0)\n"
    "  li   a7, 2\n"
    "  ecall\n"
    "user_stores: sd a0, 0(a0)\n"
    "  li   a7, 2\n"
    "  ecall\n"
    "user_jumps: jr a0\n"
    "user_time: csrr a1, time\n"
    "  li   a7, 2\n"
    "  ecall\n"
    "user_instret: csrr a1, instret\n"
    // Gives every register but a0 and a7 a value of its own, calls, and checks that each kept it.
    "user_registers:\n"
    "  .irp r, 1,2,3,4,5,6,7,8,9,11,12,13,14,15,16,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "  li   x\\r, 0x100 + \\r\n"
    "  .endr\n"
    "  li   a7, 1\n"
    "  ecall\n"
    "  li   a0, 0\n"
    "  .irp r, 1,2,3,4,5,6,7,8,9,11,12,13,14,15,16,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "  li   a7, 0x100 + \\r\n"
    "  xor  a7, a7, x\\r\n"
    "  or   a0, a0, a7\n"
    "  .endr\n"
    "  li   a7, 2\n"
    "  ecall\n"
    ".balign 4096\n"
    ".option pop\n"
    ".popsection\n");

/*
 * Enters user mode at a0 with the argument a1 and sstatus a2; returns when the handler sends it to user_left.
 */
void enter_user(uint64_t address, uint64_t argument, uint64_t sstatus, uint64_t *registers);
extern char user_left[];

__asm__(
    ".pushsection .text, \"ax\"\n"
    ".option push\n.option norelax\n"
    "enter_user:\n"
    "  sd ra, 0(a3)\n  sd sp, 8(a3)\n"
    "  sd s0, 16(a3)\n  sd s1, 24(a3)\n  sd s2, 32(a3)\n  sd s3, 40(a3)\n  sd s4, 48(a3)\n  sd s5, 56(a3)\n"
    "  sd s6, 64(a3)\n  sd s7, 72(a3)\n  sd s8, 80(a3)\n  sd s9, 88(a3)\n  sd s10, 96(a3)\n  sd s11, 104(a3)\n"
    "  csrw sepc, a0\n"
    "  csrw sstatus, a2\n"
    "  mv a0, a1\n"
    "  sret\n"
    "user_left:\n"
    "  ld ra, 0(a3)\n  ld sp, 8(a3)\n"
    "  ld s0, 16(a3)\n  ld s1, 24(a3)\n  ld s2, 32(a3)\n  ld s3, 40(a3)\n  ld s4, 48(a3)\n  ld s5, 56(a3)\n"
    "  ld s6, 64(a3)\n  ld s7, 72(a3)\n  ld s8, 80(a3)\n  ld s9, 88(a3)\n  ld s10, 96(a3)\n  ld s11, 104(a3)\n"
    "  la gp, __global_pointer$\n"
    "  ret\n"
    ".option pop\n"
    ".popsection\n");

static bool on_trap(struct trap_frame *const frame)
{
    if (frame->scause == CAUSE_ECALL_USER && frame->x[17] == CALL_ADD)
    {
        calls++;
        frame->x[10]++;
        frame->sepc += 4;
        return true;
    }
    outcome.scause = frame->scause;
    outcome.stval = frame->stval;
    outcome.sepc = frame->sepc;
    outcome.sstatus = frame->sstatus;
    outcome.a0 = frame->x[10];
    if ((frame->sstatus & SSTATUS_SPP) != 0)
    {
        return false;
    }
    if (frame->scause == (CAUSE_INTERRUPT | 5))
    {
        sbi_set_timer(SBI_TIMER_NEVER);
    }
    frame->sepc = return_to;
    frame->x[13] = (uint64_t)kernel_registers;
    frame->sstatus |= SSTATUS_SPP;
    frame->sstatus &= ~SSTATUS_SPIE;
    return true;
}

static uint64_t user_address(const char *const program)
{
    return USER_CODE + (uint64_t)(program - user_page);
}

/** Runs a program with interrupts enabled, as programs run, until it does what is not a call to add. */
static uint64_t run_user(const char *const program, const uint64_t argument)
{
    return_to = (uint64_t)user_left;
    const uint64_t status = (csr_read(sstatus) & ~SSTATUS_SPP) | SSTATUS_SPIE;
    enter_user(user_address(program), argument, status, kernel_registers);
    check((outcome.sstatus & SSTATUS_SPP) == 0, "a trap from user mode leaves SPP set");
    check((outcome.sstatus & SSTATUS_SIE) == 0, "a trap leaves interrupts enabled");
    check((outcome.sstatus & SSTATUS_SPIE) != 0, "a trap does not save that interrupts were enabled");
    return outcome.a0;
}

static void check_outcome(const uint64_t scause, const uint64_t stval, const char *const what)
{
    check_equal(outcome.scause, scause, what);
    check_equal(outcome.stval, stval, what);
}

static void calls_and_returns(void)
{
    check_equal(run_user(user_adds, 1000), 1000, "the sum that the program ends with");
    check_outcome(CAUSE_ECALL_USER, 0, "the call that ends the program");
    check_equal(calls, 1000, "calls of the program");
    check_equal(run_user(user_registers, 0), 0, "registers that a call changed");
    check_outcome(CAUSE_ECALL_USER, 0, "the call that ends the second program");
    print("calls from user mode ok\n");
}

static void check_illegal(const char *const program, const uint32_t bits, const char *const what)
{
    (void)run_user(program, 0);
    check_outcome(CAUSE_ILLEGAL, bits, what);
    check_equal(outcome.sepc, user_address(program), what);
}

static void what_it_may_not_do(void)
{
    check_illegal(user_sstatus, 0x10002573, "csrr a0, sstatus in user mode");
    check_illegal(user_sret, 0x10200073, "sret in user mode");
    check_illegal(user_fence, 0x12000073, "sfence.vma in user mode");
    (void)run_user(user_ebreak, 0);
    check_equal(outcome.scause, CAUSE_BREAKPOINT, "ebreak in user mode");
    check_equal(outcome.sepc, user_address(user_ebreak), "sepc at ebreak in user mode");

    // Memory of the supervisor is not there for it, even with the supervisor's rights to user memory turned on.
    csr_set(sstatus, SSTATUS_SUM);
    (void)run_user(user_loads, (uint64_t)data);
    check_outcome(CAUSE_LOAD_PAGE, (uint64_t)data, "a load of the supervisor's memory");
    (void)run_user(user_stores, (uint64_t)data);
    check_outcome(CAUSE_STORE_PAGE, (uint64_t)data, "a store to the supervisor's memory");
    (void)run_user(user_jumps, (uint64_t)data);
    check_outcome(CAUSE_FETCH_PAGE, (uint64_t)data, "a jump into the supervisor's memory");
    csr_clear(sstatus, SSTATUS_SUM);
    (void)run_user(user_stores, user_address(user_adds));
    check_outcome(CAUSE_STORE_PAGE, user_address(user_adds), "a store to the program's own code");
    print("what user mode may not do ok\n");
}

static void what_it_may_do(void)
{
    *(uint64_t *)data = 0;
    (void)run_user(user_stores, USER_DATA);
    check_outcome(CAUSE_ECALL_USER, 0, "a store to the program's own memory");
    check_equal(*(uint64_t *)data, USER_DATA, "what it stored");
    check_equal(run_user(user_loads, USER_DATA), USER_DATA, "what it loads");

    csr_write(scounteren, csr_read(scounteren) | 2);
    (void)run_user(user_time, 0);
    check_outcome(CAUSE_ECALL_USER, 0, "reading time with scounteren.TM set");

    // instret for the other case: OpenSBI lets programs read time whatever scounteren says.
    csr_write(scounteren, csr_read(scounteren) & ~4UL);
    check_illegal(user_instret, 0xC02025F3, "reading instret with scounteren.IR clear");
    print("what user mode may do ok\n");
}

/** Interrupts reach user mode whatever sstatus.SIE says. */
static void interrupted(void)
{
    csr_set(sie, INTERRUPT_TIMER);
    for (int i = 0; i < 5; i++)
    {
        sbi_set_timer(ticks_from_now(500));
        (void)run_user(user_wfi_loop, 0);
        check_outcome(CAUSE_INTERRUPT | 5, 0, "an endless loop in user mode");
        check(outcome.sepc - user_address(user_wfi_loop) <= 4, "sepc of the interrupt is not in the loop");
    }

    // With SPIE clear the program runs with SIE clear, and is interrupted all the same.
    sbi_set_timer(ticks_from_now(500));
    const uint64_t status = csr_read(sstatus) & ~(SSTATUS_SPP | SSTATUS_SPIE);
    enter_user(user_address(user_wfi_loop), 0, status, kernel_registers);
    check_outcome(CAUSE_INTERRUPT | 5, 0, "an endless loop in user mode with SIE clear");
    check((outcome.sstatus & SSTATUS_SPIE) == 0, "a trap saves that interrupts were enabled when they were not");
    csr_clear(sie, INTERRUPT_TIMER);
    print("interrupts in user mode ok\n");
}

/** sret to the supervisor: SIE takes SPIE, SPIE becomes 1, SPP becomes user. */
static void return_to_supervisor(void)
{
    for (int enabled = 0; enabled < 2; enabled++)
    {
        uint64_t status;
        csr_write(sstatus, (csr_read(sstatus) & ~(SSTATUS_SPIE | SSTATUS_SIE)) | SSTATUS_SPP
            | (enabled != 0 ? SSTATUS_SPIE : 0));
        __asm__ volatile("la t0, 1f\ncsrw sepc, t0\nsret\n1: csrr %0, sstatus\ncsrci sstatus, 2"
            : "=r"(status) : : "t0", "memory");
        check_equal((status & SSTATUS_SIE) != 0, (uint64_t)enabled, "SIE after sret");
        check((status & SSTATUS_SPIE) != 0, "SPIE is clear after sret");
        check((status & SSTATUS_SPP) == 0, "SPP is set after sret");
    }
    print("sret to the supervisor ok\n");
}

void guest_main(void)
{
    start_paging();
    (void)map(USER_CODE, (uint64_t)user_page, 0, (ALL & ~(PTE_W | PTE_D)) | PTE_U);
    (void)map(USER_DATA, (uint64_t)data, 0, (ALL & ~PTE_X) | PTE_U);
    trap_handle_with(on_trap);
    calls_and_returns();
    what_it_may_not_do();
    what_it_may_do();
    interrupted();
    return_to_supervisor();
    stop_paging();
}
