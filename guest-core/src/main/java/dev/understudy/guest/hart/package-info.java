/**
 * The guest's processor: what it holds, and what each of its instructions does. {@link dev.understudy.guest.hart.Hart} has
 * the registers and takes traps and interrupts; in which way instructions are executed is no concern of this package.
 */
package dev.understudy.guest.hart;
