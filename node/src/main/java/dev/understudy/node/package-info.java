/**
 * A replica's agent: what role it has, what it lets out, how a backup joins and follows. It is handed its world, and so has
 * no clock, thread, socket or file of its own.
 */
package dev.understudy.node;
