/**
 * The serial port: registers of a 16550, console output at once, and console input when the guest reads it. Nobody outside
 * but the machine and its description knows it.
 */
package dev.understudy.guest.uart;
