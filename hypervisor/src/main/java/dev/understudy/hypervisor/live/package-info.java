/**
 * A live guest between its threads: the rings that lead into it and out of it, and how a thread that sleeps is
 * woken. Agent and hart thread meet here and nowhere else but in the journal.
 */
package dev.understudy.hypervisor.live;
