/**
 * The firmware that a guest in S-mode calls: timer, reset, console, and the probes. A call is a function of
 * registers and machine state; only the hart makes one.
 */
package dev.understudy.guest.sbi;
